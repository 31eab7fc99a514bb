-- Write the site's tick: a Redis whose tick is not the last one written has gone back in time.
--
-- ARGV  1 tick
-- Returns nothing.

redis.call('DEL', DOOR)
redis.call('SET', TICK, ARGV[1])
