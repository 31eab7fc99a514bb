-- What must happen within a second though no job comes or goes: each worker calls it so often.
--
-- ARGV  1 lease ms, then the queues of the worker
-- Returns nothing. Ends up to 200 that have expired waiting, and up to 200 that stock clients want aborted.

redis.call('DEL', DOOR)

local EXPIRED_AT_ONCE = 200

heed_aborts(function()
  for i = 2, #ARGV do wake(ARGV[i]) end -- a claim takes the entry over
end)

for _, id in ipairs(redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', now_text, 'LIMIT', 0, EXPIRED_AT_ONCE)) do
  local job = read(id)
  if not job then remove(EXPIRY, id)
  elseif job.st == 'running' or is_foreign(holder_of(id)) then add(EXPIRY, text(now + tonumber(ARGV[1])), id)
  else end_here(id, job, 'expired') end
end
close()
