-- A worker stops and gives back what it could not end: in line again as before, the try not counted.
--
-- ARGV  1 amount, then for each: id, run, fence. Only for runs that have ended on that worker.
-- Returns an answer each: ok, taken (also to a repetition), ended or unknown.

redis.call('DEL', DOOR)

local answers = {}
for i = 1, tonumber(ARGV[1]) do
  local id, run, fence = unpack(ARGV, 3 * i - 1, 3 * i + 1)
  local answer, job = owns(id, run, fence)
  if answer == 'ok' and job.st == 'running' then
    job.f = next_version()
    job.try = math.max(job.try - 1, 0)
    count(job, 'handed_back')
    put_back(id, job, job.f)
  end
  answers[i] = answer
end
close()
return answers
