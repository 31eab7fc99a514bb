-- A worker says that it is there, and what it does; or that it leaves.
--
-- ARGV  1 worker  2 what it says (JSON), or nothing: it leaves
-- Returns nothing. Who has said nothing for 15 seconds counts as gone.

redis.call('DEL', DOOR)

local SILENT_MS, FORGOTTEN_MS = 15000, 60000

if ARGV[2] == '' then
  redis.call('DEL', WORKER .. ARGV[1])
  redis.call('ZREM', WORKERS, ARGV[1])
else
  redis.call('SET', WORKER .. ARGV[1], ARGV[2], 'PX', SILENT_MS)
  redis.call('ZADD', WORKERS, now_text, ARGV[1])
  redis.call('ZREMRANGEBYSCORE', WORKERS, '-inf', text(now - FORGOTTEN_MS))
  redis.call('PEXPIRE', WORKERS, FORGOTTEN_MS)
end
