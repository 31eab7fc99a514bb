-- End what has ended, put what is due in line, and take jobs for the free slots: one call for all of it.
--
-- ARGV  1 worker  2 request: `number-lane`; a repetition repeats it, and of each lane the last one is remembered
--       3 queue  4 slots: most jobs to take
--       5 lease ms  6 gap: ms of silence of all workers that tell an outage  7 step ms
--       8 suspects, which of them may be taken: 0 none, 1 one of any kind, 2 one that may lose another lease
--       9 tasks that the worker knows, each between bars: |a|b|, or |*|  10 amount of ends, then those as `finish` takes them
-- Returns {now ms, answers to the ends, jobs, whether ready ones may be left (1 or 0), whether due ones are, next due
--       ms or -1}. A job is id, run, fence, try, lost, owner, task, rest (the hash's d), payload, and of a stock client's
--       that expires x, as its hash has it. One of ours with lost >= max_tries was not taken: the worker ends it.
-- Bounds: 200 entries put in line, 100 foreign ones mended, 200 ready ones examined.

redis.call('DEL', DOOR)

local worker, request, queue, slots = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local lease, gap, step, suspects = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local tasks, ends = ARGV[9], tonumber(ARGV[10])
local entries, lease_end = entries_of(queue), text(now + lease)
local memory = CLAIM .. worker .. ':' .. queue .. (string.match(request, '%-%d+$') or '')
local PAGE, EXAMINED, RESTORED, MENDED = 50, 200, 200, 100
local YEAR_MS, UNKNOWN_MS, SUSPECT_MS, FOREIGN_MS = 366 * 86400000, 10000, 1000, 15000

local answers = finish(11, ends)
be_heard(gap, lease)

-- Due -------------------------------------------------------------------------------------------------------------------

local function move(id, score) add(entries, type(score) == 'number' and text(score) or score, id) end

local function quarantine(id) move(id, QUARANTINE_AT) end

-- The job of an entry as `read` gives it, false also where a stranger's was taken over though nobody can name it.
local function read_entry(id)
  local job = read(id)
  return not (job and job.o == 'arq' and not is_text(id)) and job
end

-- An entry of a stock arq client: it is taken over, as a job of the owner `arq`. Its payload ends with the time at which
-- it expires; from now on that is the job's to say.
local function adopt(id, score)
  if not is_text(id) then return quarantine(id) end
  local at = score
  if at < TIMED or at > now then at = now end
  local job = {q = queue, o = 'arq', t = '', p = 5, at = at, due = 0, typ = 30000}
  local at_text, left = text(at), redis.call('PTTL', PAYLOAD .. id)
  line_up(id, job, step)
  redis.call('HSET', JOB .. id, 'run', now_text, 'st', 'queued', 'q', queue, 'o', 'arq', 't', '', 'since', at_text,
    's', job.s, 'd', packed('5', at_text, '0', '5', '300000', '30000'), 'm', now_text)
  if left > 0 then
    redis.call('PERSIST', PAYLOAD .. id)
    redis.call('HSET', JOB .. id, 'x', text(now + left) .. ':')
    add(EXPIRY, text(now + left), id)
  end
  move(id, job.s)
end

-- An entry of which nothing else is left: its payload had expired before anybody took it over. Whoever waits for it is
-- told, in arq's words, unless there is a result: then somebody has put back the entry of a job that had ended.
local function drop_entry(id)
  remove(entries, id)
  local record = '{"t":1,"f":"<unknown>","a":[],"k":{},"et":0,"s":false,'
    .. '"r":{"__error__":"JobExecutionFailed","message":"job expired"},"st":' .. now_text .. ',"ft":' .. now_text
    .. ',"q":' .. cjson.encode(entries) .. '}'
  redis.call('SET', RESULT .. id, record, 'NX', 'PX', RESULT_KEEP_MS)
end

-- A job that has lost a lease. Once is no suspicion yet: all that a worker ran when it died has, and is to run again at
-- once. Whoever has lost more may be what kills the workers: a worker runs one of these at a time. And one that must not
-- lose another runs beside none that has lost any.
local function is_last(job) return job.lost + 1 >= job.mt end

local function is_suspect(job) return job.lost > 1 or is_last(job) end

local function lose_lease(id, job)
  if job.cx then return end_here(id, job, 'cancelled') end
  job.lost, job.try = job.lost + 1, math.max(job.try - 1, 0)
  count(job, 'lost')
  put_back(id, job, next_version(), 'lost', text(job.f))
  -- The others that were lost with it go first.
  if is_suspect(unpack_rest(job)) and job.lost < job.mt then move(id, now + SUSPECT_MS) end
end

local function become_ready(id, job)
  if job.st == 'scheduled' then line_up(id, unpack_rest(job), step) end
  redis.call('HSET', JOB .. id, 'st', 'queued', 's', job.s, 'm', now_text)
  emit(id, job.run, text(next_version()), 'queued', job.try)
  move(id, job.s)
end

-- Put an entry that has come due, or that somebody else has moved, where it belongs.
local function restore(id, score)
  local job = read_entry(id)
  if job == false then return quarantine(id) end
  local holder = holder_of(id)
  local held = holder and redis.call('PTTL', IN_PROGRESS .. id) or 0
  if not job then
    if redis.call('EXISTS', PAYLOAD .. id) == 0 then drop_entry(id)
    elseif held > 0 then move(id, now + held)
    else adopt(id, score) end
  elseif is_foreign(holder) then move(id, now + math.max(held, 100))
  elseif job.st == 'running' then
    local until_ms = tonumber(redis.call('ZSCORE', RUNNING .. job.o, id)) or 0
    local grace = redis.call('PTTL', GRACE)
    if until_ms > now then move(id, math.min(until_ms, now + lease))
    elseif grace > 0 then move(id, now + grace)
    else lose_lease(id, job) end
  elseif job.st ~= 'queued' and tonumber(job.since) > now then move(id, job.since)
  elseif job.st == 'queued' then move(id, job.s)
  else become_ready(id, job) end
end

local function restore_range(from, to, most)
  local found = redis.call('ZRANGEBYSCORE', entries, from, to, 'WITHSCORES', 'LIMIT', 0, most)
  for i = 1, #found, 2 do restore(found[i], tonumber(found[i + 1])) end
  return #found == 2 * most
end

heed_aborts(function(id)
  local score = redis.call('ZSCORE', entries, id)
  if not score or holder_of(id) then return end
  adopt(id, tonumber(score))
  flush()
  local job = read(id)
  if job then end_here(id, job, 'cancelled') else remove(ABORT, id) end
end)
local much_due = restore_range('0', '(1e12', MENDED)
much_due = restore_range('1e12', now_text, RESTORED) or much_due
restore_range(text(now + YEAR_MS), '(8e15', MENDED)
flush()

-- Ready -----------------------------------------------------------------------------------------------------------------

local jobs, taken, running = {}, {request}, {}

local function hand_out(id, job, fence, payload)
  local expires = job.o == 'arq' and job.x or nil
  jobs[#jobs + 1] = {id, job.run, fence, job.try, job.lost, job.o, job.t, job.d, payload, expires}
end

local function take(id, job, payload)
  local fence = text(next_version())
  job.try = job.try + 1
  redis.call('HSET', JOB .. id, 'st', 'running', 'f', fence, 'w', worker, 'try', job.try, 'm', now_text)
  redis.call('SET', IN_PROGRESS .. id, 's:' .. worker .. ':' .. fence, 'PX', ARGV[5])
  add(entries, lease_end, id)
  add(RUNNING .. job.o, lease_end, id)
  emit(id, job.run, fence, 'running', job.try).worker = worker
  local waited = math.max(now - tonumber(job.since), 0)
  count(job, 'started')
  count(job, 'wait_ms|' .. index_of(WAIT_BOUNDS, waited))
  count(job, 'wait_ms_sum', waited)
  hand_out(id, job, fence, payload)
  taken[#taken + 1] = fence .. ':' .. #id .. ':' .. id
end

local function park(id, job)
  move(id, PARKED_AT)
  add(PARKED .. queue .. ':' .. job.o, job.s, id)
  redis.call('SADD', PARKED_QUEUES .. job.o, queue)
  redis.call('SADD', PARKED_OWNERS, job.o)
end

local function is_full(owner)
  if not running[owner] then running[owner] = running_count(owner) end
  return running[owner] >= limit_of(owner)
end

-- A job that has lost a lease. Gives whether it was dealt with. How often a stock client's may, its worker knows, who
-- takes it as any other.
local function examine_lost(id, job, payload)
  if job.lost >= unpack_rest(job).mt and job.o ~= 'arq' then
    move(id, now + FOREIGN_MS)
    hand_out(id, job, text(job.f), payload)
    return true
  end
  if is_suspect(job) and (suspects == 0 or suspects == 2 and is_last(job)) then
    move(id, now + SUSPECT_MS)
    return true
  end
end

local function is_expired(job)
  local expires = extra_of(job)
  return expires > 0 and expires <= now
end

-- Its task is one that this worker does not know: another may.
local function put_aside(id)
  redis.call('HSET', JOB .. id, 'why', 'unknown_task')
  move(id, now + UNKNOWN_MS)
end

local known = {}
local function is_known(task)
  if known[task] == nil then known[task] = is_known_in(tasks, task) end
  return known[task]
end

-- It stands among the ready ones by somebody else's doing. If it belongs there, the next claim takes it.
local function correct(id)
  restore(id, 0)
  wake(queue)
end

-- Take one ready entry or move it out of the way. Gives whether it was left where it is: a stock worker has it.
local function examine(id, payload, holder)
  local job = read_entry(id)
  if job == false then quarantine(id)
  elseif not job then correct(id)
  elseif not payload then quarantine(id)
  elseif is_foreign(holder) then return true
  elseif job.st ~= 'queued' then correct(id)
  elseif job.cx then end_here(id, job, 'cancelled')
  elseif job.x and is_expired(job) then end_here(id, job, 'expired')
  elseif job.lost > 0 and examine_lost(id, job, payload) then return false
  elseif not is_known(job.t) then put_aside(id)
  elseif is_full(job.o) then park(id, job)
  else
    if job.lost > 0 then suspects = is_suspect(job) and 0 or math.min(2 * suspects, 2) end
    running[job.o] = running[job.o] + 1
    slots = slots - 1
    take(id, job, payload)
  end
  return false
end

-- Go through the ready entries, lowest score first, until the slots are filled. Gives whether ready ones may be left.
local function take_ready()
  local examined, skipped = 0, {}
  while slots > 0 and examined < EXAMINED do
    local page = math.min(slots, PAGE, EXAMINED - examined)
    -- Nothing is moved before the end, so what was examined is still in front.
    local ids = redis.call('ZRANGEBYSCORE', entries, '-inf', '(0', 'LIMIT', examined, page)
    if #ids == 0 then return false end
    local payloads = redis.call('MGET', unpack(keyed(PAYLOAD, ids)))
    local holders = redis.call('MGET', unpack(keyed(IN_PROGRESS, ids)))
    for i, id in ipairs(ids) do
      if examine(id, payloads[i], holders[i]) then skipped[#skipped + 1] = id end
    end
    examined = examined + #ids
    if #ids < page then return false end
  end
  if #skipped == EXAMINED then
    for i = 1, MENDED do move(skipped[i], now + FOREIGN_MS) end
  end
  return #redis.call('ZRANGEBYSCORE', entries, '-inf', '(0', 'LIMIT', examined, 1) == 1
end

-- What the last reply of the same request gave out and is still held with the same fence.
local function remembered()
  return each_given(memory, request, function(id, fence)
    local job = read(id)
    local payload = redis.call('GET', PAYLOAD .. id)
    if job and payload and job.st == 'running' and job.f == tonumber(fence) then
      if job.cx then end_here(id, job, 'cancelled') else hand_out(id, job, fence, payload) end
    end
  end)
end

local function note_taken()
  redis.call('SET', memory, table.concat(taken, ' '), 'PX', 60000)
  local pace = PACE .. queue .. ':' .. text(math.floor(now / PACE_MS))
  redis.call('INCRBY', pace, #taken - 1)
  redis.call('PEXPIRE', pace, PACE_KEEP_MS)
end

local more = false
if remembered() then more = true
elseif redis.call('EXISTS', HOLD) == 1 then more = false
elseif redis.call('HEXISTS', PAUSED, queue) == 0 then
  more = take_ready()
  if #taken > 1 then note_taken() end
end
close()
if more then wake(queue) end

local next_due = redis.call('ZRANGEBYSCORE', entries, '1e12', '(8e15', 'WITHSCORES', 'LIMIT', 0, 1)
return {now_text, answers, jobs, more and 1 or 0, much_due and 1 or 0, next_due[2] and text(tonumber(next_due[2])) or '-1'}
