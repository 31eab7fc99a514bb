-- Stores a value, unless something was written under one of its tags since it was looked for; lets others go on.
--
-- KEYS  1 the value  2 who makes it  3 hash of tags; as in look.lua
-- ARGV  1 marks, as look.lua gave them  2 leader  3 ms that it is kept, 0: there is none  4 body  5.. the value's tags
-- Returns 1: it was stored; 0: it was not. An error where there is no memory for it; others go on all the same

local marks = {}
for i = 5, #ARGV do marks[#marks + 1] = redis.call('HGET', KEYS[3], ARGV[i]) or '' end

local answer = 0
if ARGV[3] ~= '0' and table.concat(marks, ' ') == ARGV[1] then
  -- Before anything is deleted: that would let it be stored in a Redis that is full.
  local stored = redis.pcall('SET', KEYS[1], ARGV[1] .. '\n' .. ARGV[4], 'PX', ARGV[3])
  answer = stored.err and stored or 1
end
if redis.call('GET', KEYS[2]) == ARGV[1] .. '\n' .. ARGV[2] then redis.call('DEL', KEYS[2]) end
return answer
