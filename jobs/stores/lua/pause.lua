-- Let a queue rest, or go on.
--
-- ARGV  1 queue  2 ms since which it rests, or nothing: it goes on
-- Returns nothing. Leases, ends and what comes due go on in a queue that rests; nothing of it is claimed.

redis.call('DEL', DOOR)
if ARGV[2] ~= '' then redis.call('HSET', PAUSED, ARGV[1], ARGV[2])
elseif redis.call('HDEL', PAUSED, ARGV[1]) == 1 then wake(ARGV[1]) end
close()
