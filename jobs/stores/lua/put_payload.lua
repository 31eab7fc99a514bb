-- Give a job back the payload that it has lost.
--
-- ARGV  1 id  2 run  3 payload
-- Returns 1, or 0 where there is no such run without a payload.

redis.call('DEL', DOOR)

local id = ARGV[1]
local job = read(id)
if not job or tonumber(job.run) ~= tonumber(ARGV[2]) then return 0 end
if redis.call('EXISTS', PAYLOAD .. id, RESULT .. id) > 0 then return 0 end
redis.call('SET', PAYLOAD .. id, ARGV[3])
local at = tonumber(redis.call('ZSCORE', entries_of(job.q), id) or QUARANTINE_AT)
if job.st == 'queued' and at >= QUARANTINE_AT then
  add(entries_of(job.q), job.s, id)
  wake(job.q)
end
close()
return 1
