-- Keep the leases of a worker's runs.
--
-- ARGV  1 worker  2 lease ms  3 gap ms (as in claim)  4 amount, then for each: id, run, fence
-- Returns an answer each: ok, taken, ended, or unknown (Redis has lost the job: go on, and ask again).

redis.call('DEL', DOOR)

local worker, lease, gap, amount = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local answers, lease_end = {}, text(now + lease)

local alive = tonumber(redis.call('GET', ALIVE))
if alive and now - alive > gap then redis.call('SET', GRACE, '1', 'PX', ARGV[2]) end
redis.call('SET', ALIVE, now_text)

-- The lease had run out, and nobody has taken the job since: it goes on where it is.
local function readopt(id, job)
  job.try, job.lost = job.try + 1, math.max(job.lost - 1, 0)
  unpark(id, job)
  redis.call('HSET', JOB .. id, 'st', 'running', 'w', worker, 'try', job.try, 'lost', job.lost, 'm', now_text)
  local event = emit(id, job.run, text(next_version()), 'running', job.try)
  event.worker, event.fence = worker, text(job.f)
end

for i = 1, amount do
  local id, run, fence = unpack(ARGV, 2 + 3 * i, 4 + 3 * i)
  local answer, job = owns(id, run, fence)
  if answer == 'ok' then
    if job.st ~= 'running' then readopt(id, job) end
    if job.f < tonumber(fence) then redis.call('HSET', JOB .. id, 'f', fence) end
    add(QUEUE .. job.q, lease_end, id)
    add(RUNNING .. job.o, lease_end, id)
    redis.call('SET', IN_PROGRESS .. id, 's:' .. worker .. ':' .. fence, 'PX', ARGV[2])
  end
  answers[i] = answer
end
close()
return answers
