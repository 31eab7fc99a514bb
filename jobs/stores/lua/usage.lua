-- See how many jobs an owner has.
--
-- ARGV  1 owner
-- Returns {unfinished, with the places that are kept for those on their way in; running under a lease}.

local owner = ARGV[1]
redis.call('DEL', DOOR)
return {count_taken(owner), running_count(owner)}
