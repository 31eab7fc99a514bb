-- Compare what PostgreSQL takes for unfinished with what is here.
--
-- ARGV  1 lease ms  2 amount, at most 200, then for each: id, run
-- Returns {now ms, version of all that is answered here, the last id of the stream of events, an answer each}:
--       `live:run:state:try:fence:ms of its last change`, also of a later run; older (here is an earlier run);
--       `ended:state:` and what is kept of the result, one of the two perhaps nothing; missing (nothing here knows of it);
--       bare (its payload is gone); or, where a stock worker has ended it, `done:` and the result that it left.
-- It mends two things: a job that has had no entry for five seconds gets one; and where the clock was set back by much, the
-- lease of a worker that is dead, or what was put aside for a moment, does not last as much longer.

redis.call('DEL', DOOR)

local ENTRY_MS, ASIDE_MS = 5000, 15000
local LONGEST_MS = 600000 -- of a lease, by whatever settings: workers may have others than who asks here
local lease_end = text(now + tonumber(ARGV[1]))

local function put_entry(id, job)
  local at = job.st == 'queued' and job.s or job.since
  if job.st == 'running' then at = redis.call('ZSCORE', RUNNING .. job.o, id) or now_text end
  add(entries_of(job.q), at, id)
  wake(job.q)
end

-- Whether a claim has put it aside, and not a stock worker, which lets its own wait for however long.
local function is_aside(id, job)
  return job.st == 'queued' and (job.lost > 0 or redis.call('HEXISTS', JOB .. id, 'why') == 1)
end

-- Let an entry come due when it should that waits for later than its job can mean.
local function bring_back(id, job, at)
  if at >= PARKED_AT or is_foreign(holder_of(id)) then return end
  if job.st == 'running' and at > now + LONGEST_MS then
    add(RUNNING .. job.o, lease_end, id)
    add(entries_of(job.q), lease_end, id)
  elseif at > now + ASIDE_MS and is_aside(id, job) then
    add(entries_of(job.q), now_text, id)
  end
end

local function mend_entry(id, job, changed)
  if math.abs(now - changed) <= ENTRY_MS then return end
  local at = tonumber(redis.call('ZSCORE', entries_of(job.q), id))
  if at then bring_back(id, job, at) else put_entry(id, job) end
end

-- MGET takes a key of another type, a stranger's, for none.
local function result_of(id) return redis.call('MGET', RESULT .. id)[1] end

local function end_of(id)
  local mark = redis.call('GET', DONE .. id)
  return 'ended:' .. (mark and string.match(mark, '%a+$') or '') .. ':' .. (result_of(id) or '')
end

local function look(id, run)
  local job = read(id)
  if job == false then return 'bare' end
  if not job then return has_ended(id, run) and end_of(id) or 'missing' end
  if tonumber(job.run) < run then return has_ended(id, run) and end_of(id) or 'older' end
  if redis.call('EXISTS', PAYLOAD .. id) == 0 and not is_foreign(holder_of(id)) then
    local result = result_of(id)
    return result and 'done:' .. result or 'bare'
  end
  local changed = redis.call('HGET', JOB .. id, 'm') or '0'
  mend_entry(id, job, tonumber(changed))
  return table.concat({'live', job.run, job.st, job.try, text(job.f), changed}, ':')
end

local function last_event()
  local told = redis.pcall('XINFO', 'STREAM', EVENTS)
  for i = 1, #told - 1, 2 do
    if told[i] == 'last-generated-id' then return told[i + 1] end
  end
  return '0-0'
end

local answers = {now_text, text(now_us), last_event()}
for i = 1, tonumber(ARGV[2]) do answers[i + 3] = look(ARGV[2 * i + 1], tonumber(ARGV[2 * i + 2])) end
close()
return answers
