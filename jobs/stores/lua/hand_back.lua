-- A worker gives back what it could not end, in line again as before, the try not counted: it stops, or does not know
-- the task.
--
-- ARGV  1 delay ms, 0 to be taken at once  2 task: the name that a stock client's job has, or nothing
--       3 amount, then for each: id, run, fence; then, of those that are stock clients' jobs, id and row. Only for runs
--       that have ended on that worker.
-- Returns an answer each: ok, taken (also to a repetition), ended or unknown.

redis.call('DEL', DOOR)

local delay, task, amount = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
read_rows(4 + 3 * amount)

local function put_aside(id, job)
  add(entries_of(job.q), text(now + delay), id)
  redis.call('HSET', JOB .. id, 'why', 'unknown_task', 't', task ~= '' and task or job.t)
end

local answers = {}
for i = 1, amount do
  local id, run, fence = unpack(ARGV, 3 * i + 1, 3 * i + 3)
  local answer, job = owns(id, run, fence)
  if answer == 'ok' and job.cx then end_here(id, job, 'cancelled')
  elseif answer == 'ok' and job.st == 'running' then
    job.f = next_version()
    job.try = math.max(job.try - 1, 0)
    count(job, 'handed_back')
    put_back(id, job, job.f, delay == 0 and 'handed_back' or nil, fence)
    if delay > 0 then put_aside(id, job) end
  end
  answers[i] = answer
end
close()
return answers
