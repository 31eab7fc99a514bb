-- A stock arq worker, which holds a job, begins a try of it: it is told what the job is, and gets a fence.
--
-- ARGV  1 id  2 worker  3 try  4 max tries and  5 timeout in ms, of a job that a stock client has put in
-- Returns {now ms, state, job}: a job as `claim` gives it out; `state` is `running`, or what it must end as instead:
--       cancelled or expired.
--
-- Its place in the queue and its state here stay what they are: a stock worker tells nobody of a retry or a hand-back.

redis.call('DEL', DOOR)

local id, worker, try = ARGV[1], ARGV[2], tonumber(ARGV[3])
local payload, fence = redis.call('GET', PAYLOAD .. id) or '', text(next_version())
local job, state = read(id), 'running'
if job then
  local expires = extra_of(job)
  if job.cx then state = 'cancelled' elseif expires > 0 and expires <= now then state = 'expired' end
  if state == 'running' then
    redis.call('HSET', JOB .. id, 'f', fence, 'w', worker, 'try', try, 'm', now_text)
    emit(id, job.run, fence, state, try).worker = worker
    count(job, 'started')
  end
else
  job = {run = now_text, lost = 0, o = 'arq', t = '', d = packed('5', now_text, '0', ARGV[4], ARGV[5], '30000')}
end
close()
return {now_text, state, {id, job.run, fence, try, job.lost, job.o, job.t, job.d, payload}}
