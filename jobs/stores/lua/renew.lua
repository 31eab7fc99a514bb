-- Keep the leases of a worker's runs.
--
-- ARGV  1 worker  2 lease ms  3 gap ms (as in claim)  4 amount, then for each: id, run, fence
-- Returns an answer each: ok, cancel (stop it; the lease is renewed), taken, ended, or unknown (Redis has lost the job:
--       go on, and ask again).

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

local ids = {}
for i = 1, amount do ids[i] = ARGV[2 + 3 * i] end
local holders = amount > 0 and redis.call('MGET', unpack(keyed(IN_PROGRESS, ids)))

-- Most of what is renewed runs as it should, so as little of it as possible is read.
local function renew(id, run, fence, holder)
  local got = redis.pcall('HMGET', JOB .. id, 'run', 'f', 'st', 'q', 'o', 'cx')
  local answer = judge(id, tonumber(run), tonumber(fence), got, holder)
  if answer ~= 'ok' then return answer end
  if got[3] ~= 'running' then
    local job = read(id)
    if not job then return 'unknown' end
    readopt(id, job)
  end
  if tonumber(got[2] or 0) < tonumber(fence) then redis.call('HSET', JOB .. id, 'f', fence) end
  add(QUEUE .. got[4], lease_end, id)
  add(RUNNING .. got[5], lease_end, id)
  local own = 's:' .. worker .. ':' .. fence
  if holder == own then redis.call('PEXPIRE', IN_PROGRESS .. id, lease)
  else redis.call('SET', IN_PROGRESS .. id, own, 'PX', lease) end
  return got[6] and 'cancel' or 'ok'
end

for i = 1, amount do
  local id, run, fence = unpack(ARGV, 2 + 3 * i, 4 + 3 * i)
  answers[i] = renew(id, run, fence, holders[i])
end
close()
return answers
