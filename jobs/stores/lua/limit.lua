-- Set how many jobs of an owner may run at once, and free what that lets go on.
--
-- ARGV  1 owner, or * for everybody without a limit of his own  2 limit, or nothing for none
-- Returns nothing. With * only `sweep` frees.

redis.call('DEL', DOOR)
if ARGV[2] == '' then redis.call('HDEL', LIMITS, ARGV[1]) else redis.call('HSET', LIMITS, ARGV[1], ARGV[2]) end
if ARGV[1] ~= '*' then release(ARGV[1]) end
close()
