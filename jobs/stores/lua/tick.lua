-- What must happen within a second though no job comes or goes: each worker calls it so often.
--
-- ARGV  1 lease ms  2 whether a history is kept (1 or 0), then the queues of the worker
-- Returns nothing. Ends up to 200 that have expired waiting, and up to 200 that stock clients want aborted, and wakes
--       a worker of each queue in which something has come due.

redis.call('DEL', DOOR)

local EXPIRED_AT_ONCE, UNREAD_KEPT = 200, 10000

heed_aborts(function()
  for i = 3, #ARGV do wake(ARGV[i]) end -- a claim takes the entry over
end)

for _, id in ipairs(redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', now_text, 'LIMIT', 0, EXPIRED_AT_ONCE)) do
  local job = read(id)
  if not job then remove(EXPIRY, id)
  elseif job.st == 'running' or is_foreign(holder_of(id)) then add(EXPIRY, text(now + tonumber(ARGV[1])), id)
  else end_here(id, job, 'expired') end
end

-- Stock clients wake nobody.
for i = 3, #ARGV do
  if #redis.call('ZRANGEBYSCORE', entries_of(ARGV[i]), '1e12', now_text, 'LIMIT', 0, 1) > 0 then wake(ARGV[i]) end
end
close()

-- Nobody reads the events where a worker stands alone.
if ARGV[2] == '0' and redis.call('EXISTS', EVENTS) == 1 and #redis.call('XINFO', 'GROUPS', EVENTS) == 0 then
  redis.call('XTRIM', EVENTS, 'MAXLEN', '~', UNREAD_KEPT)
end
