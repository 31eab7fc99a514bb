-- Looks for a value; where there is none, or one of before a write, lets one reader make it.
--
-- KEYS  1 the value: string with PX, `<marks>\n<body>`  2 who makes it: string with PX, `<marks>\n<leader>`
--       3 hash: tag -> `<version>:<mark>`; a mark is a number that never comes again
-- ARGV  1 leader: who is to make it  2 ms that he holds others up at most  3.. the value's tags
-- Returns {'found', body}, {'wait', ms that another still holds this one up} or {'lead', marks}

local marks = {}
for i = 3, #ARGV do
  local told = redis.call('HGET', KEYS[3], ARGV[i])
  if not told then
    local time = redis.call('TIME')
    told = '0:' .. string.format('%.0f', time[1] * 1000000 + time[2])
    redis.call('HSET', KEYS[3], ARGV[i], told)
  end
  marks[#marks + 1] = told
end
local head = table.concat(marks, ' ') .. '\n'

local value = redis.call('GET', KEYS[1])
if value and string.sub(value, 1, #head) == head then return {'found', string.sub(value, #head + 1)} end

local flight = redis.call('GET', KEYS[2])
if flight and string.sub(flight, 1, #head) == head then return {'wait', redis.call('PTTL', KEYS[2])} end

redis.call('SET', KEYS[2], head .. ARGV[1], 'PX', ARGV[2])
return {'lead', string.sub(head, 1, -2)}
