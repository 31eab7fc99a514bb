-- A worker says that it is there, and what it does; or that it leaves.
--
-- ARGV  1 worker  2 what it says (JSON), or nothing: it leaves
-- Returns nothing. What was said last is kept for an hour, of the 2,000 that have said something last.

redis.call('DEL', DOOR)

local FORGOTTEN_MS, KEPT = 3600000, 2000

if ARGV[2] == '' then
  redis.call('DEL', WORKER .. ARGV[1])
  redis.call('ZREM', WORKERS, ARGV[1])
else
  redis.call('SET', WORKER .. ARGV[1], ARGV[2], 'PX', FORGOTTEN_MS)
  redis.call('ZADD', WORKERS, now_text, ARGV[1])
  -- Whoever was heard of later than now, was before the clock was set back.
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', WORKERS, '(' .. now_text, '+inf')) do
    redis.call('ZADD', WORKERS, now_text, name)
  end
  redis.call('ZREMRANGEBYSCORE', WORKERS, '-inf', text(now - FORGOTTEN_MS))
  redis.call('ZREMRANGEBYRANK', WORKERS, 0, -KEPT - 1)
  redis.call('PEXPIRE', WORKERS, FORGOTTEN_MS)
end
