-- Lets no value of some tags be found any more, nor be stored by who has begun to make it.
--
-- KEYS  1 hash: tag -> `<version>:<mark>`, as in look.lua  2 the door: its DEL lets this go on where memory is full
-- ARGV  tag and version, again and again; the version is PostgreSQL's
-- Returns nothing

redis.call('DEL', KEYS[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for i = 1, #ARGV, 2 do
  local told = redis.call('HGET', KEYS[1], ARGV[i])
  local last = told and tonumber(string.match(told, ':(%d+)$')) or 0
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] .. ':' .. string.format('%.0f', math.max(last + 1, now)))
end
