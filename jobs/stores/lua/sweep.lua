-- Free the parked jobs of owners below their limit: the net under every other way of release.
--
-- ARGV  1 cursor, 0 to begin  2 lease ms
-- Returns the next cursor, 0 at the end. Looks at about 100 owners.

redis.call('DEL', DOOR)

local page = redis.call('SSCAN', PARKED_OWNERS, ARGV[1], 'COUNT', 100)
for _, owner in ipairs(page[2]) do
  -- A clock that was set back would let a dead worker's lease count for an hour.
  local latest = text(now + tonumber(ARGV[2]))
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', RUNNING .. owner, '(' .. latest, '+inf', 'LIMIT', 0, 200)) do
    redis.call('ZADD', RUNNING .. owner, latest, id)
  end
  release(owner)
end
close()
return page[1]
