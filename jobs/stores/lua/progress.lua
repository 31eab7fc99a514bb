-- Tell those who follow a job how far it is. Only the latest start may.
--
-- ARGV  1 id  2 run  3 fence  4 progress (JSON)
-- Returns ok, taken, ended or unknown.

redis.call('DEL', DOOR)

local id, run, fence = ARGV[1], ARGV[2], ARGV[3]
local got = redis.pcall('HMGET', JOB .. id, 'run', 'f')
local answer = judge(id, tonumber(run), tonumber(fence), got, nil) -- stock workers' jobs may too
if answer == 'ok' then
  redis.call('XADD', PROGRESS, 'MAXLEN', '~', PROGRESS_KEPT, '*', 'id', id, 'run', run, 'progress', ARGV[4])
end
return answer
