-- Keep the leases of a worker's runs.
--
-- ARGV  1 worker  2 lease ms  3 gap ms (as in claim)  4 amount, then for each: id, run, fence; then the claims whose
--       replies the worker has not taken in yet, each as queue, request: a task that blocks its loop keeps it from that
-- Returns an answer for each run: ok, cancel (stop it; the lease is renewed), taken, ended, or unknown (Redis has lost the job:
--       go on, and ask again).

redis.call('DEL', DOOR)

local worker, lease, gap, amount = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local answers, lease_end = {}, text(now + lease)

be_heard(gap, lease)

-- The lease had run out, and nobody has taken the job since: it goes on where it is.
local function readopt(id, job)
  job.try, job.lost = job.try + 1, math.max(job.lost - 1, 0)
  count(job, 'recovered')
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
  add(entries_of(got[4]), lease_end, id)
  add(RUNNING .. got[5], lease_end, id)
  local own = 's:' .. worker .. ':' .. fence
  if holder == own then redis.call('PEXPIRE', IN_PROGRESS .. id, lease)
  else redis.call('SET', IN_PROGRESS .. id, own, 'PX', lease) end
  return got[6] and 'cancel' or 'ok'
end

-- What a claim has given out, if that is the one which is remembered.
local function renew_given(queue, request)
  local memory = CLAIM .. worker .. ':' .. queue .. (string.match(request, '%-%d+$') or '')
  local is_remembered = each_given(memory, request, function(id, fence)
    local job = read(id)
    if job and job.st == 'running' and job.f == tonumber(fence) then renew(id, job.run, fence, holder_of(id)) end
  end)
  if is_remembered then redis.call('PEXPIRE', memory, 60000) end
end

for i = 1, amount do
  local id, run, fence = unpack(ARGV, 2 + 3 * i, 4 + 3 * i)
  answers[i] = renew(id, run, fence, holders[i])
end
for i = 5 + 3 * amount, #ARGV, 2 do renew_given(ARGV[i], ARGV[i + 1]) end
close()
return answers
