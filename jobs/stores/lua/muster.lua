-- See which workers there are, and for how long each has said nothing.
--
-- ARGV  1 ms: who has said nothing for longer is left out
-- Returns for each {what it said (JSON), ms since then}. It changes nothing.

local since = text(now - tonumber(ARGV[1]))
local found = redis.call('ZRANGEBYSCORE', WORKERS, '(' .. since, '+inf', 'WITHSCORES')
local names, silent = {}, {}
for i = 1, #found, 2 do
  names[#names + 1] = found[i]
  silent[#names] = math.max(now - tonumber(found[i + 1]), 0)
end
local told = #names > 0 and redis.call('MGET', unpack(keyed(WORKER, names)))
local sightings = {}
for i = 1, #names do
  if told[i] then sightings[#sightings + 1] = {told[i], silent[i]} end
end
return sightings
