-- See whether anything is left for a worker that ends when its queue is done.
--
-- ARGV  1 queue  2 tasks that the worker knows, as in claim  3 how many entries were looked at before
-- Returns found where a job of it is ready, timed, parked or running; more where the next 1,000 entries, which this
--       looked at, are none but those that wait for a worker which knows their task; none at the end.

local queue, tasks, first = ARGV[1], ARGV[2], ARGV[3]
local PAGE = 1000

local function may_run(id)
  local got = redis.pcall('HMGET', JOB .. id, 'why', 't')
  return got.err or got[1] ~= 'unknown_task' or not got[2] or is_known_in(tasks, got[2])
end

local ids = redis.call('ZRANGEBYSCORE', entries_of(queue), '-inf', '(' .. text(QUARANTINE_AT), 'LIMIT', first, PAGE)
for _, id in ipairs(ids) do
  if may_run(id) then return 'found' end
end
return #ids < PAGE and 'none' or 'more'
