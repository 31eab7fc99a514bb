-- Set how many jobs owners may have, and free what that lets go on.
--
-- ARGV  for each, at most 50: owner, or * for everybody without numbers of his own; how many may run at once; how many may
--         be unfinished. Nothing in place of a number: there is none of his own
-- Returns nothing. With * only `sweep` frees.

redis.call('DEL', DOOR)

local function set(key, owner, most)
  if most == '' then redis.call('HDEL', key, owner) else redis.call('HSET', key, owner, most) end
end

for i = 1, #ARGV, 3 do
  local owner = ARGV[i]
  set(LIMITS, owner, ARGV[i + 1])
  set(PLACES, owner, ARGV[i + 2])
  if owner ~= '*' then release(owner) end
end
close()
