-- Write the site's tick: a Redis whose tick is not the last one written has gone back in time. And that its content is
-- known on this server, see `meet`.
--
-- ARGV  1 tick  2 server, or nothing
-- Returns nothing.

redis.call('DEL', DOOR)
redis.call('SET', TICK, ARGV[1])
if ARGV[2] ~= '' then redis.call('SET', SERVER, ARGV[2]) end
