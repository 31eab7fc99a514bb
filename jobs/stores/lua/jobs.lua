-- What a job is, where it stands, and how it changes places: stands after the prelude.
--
-- Fields of the hash of a job: run, st state, q queue, o owner, t task, since: ms from which it waits or is due,
-- s ready score, d: `priority:at:due:max_tries:timeout:typical` (times in ms), m ms of the last change; and once there
-- is something to say f fence of the last claim, w worker, try, lost leases, x: `expires:unique` (ms or 0; the name that
-- nobody else may have, or nothing), cx: 1 once somebody wants it cancelled, why: `unknown_task` where a worker that
-- does not know its task has put it aside.

local TIMED, PARKED_AT, QUARANTINE_AT = 1e12, 9e15, 9.001e15
local OFFSET = 4e12
local RESULT_PROVES_MS, DONE_MS, RETRY_S = 120000, 120000, 88400
local MEAN_OF = 200
local TRACEBACKS_UNTIL = 20000

-- A job's hash as a table, nil where there is none, false where it cannot be read. `run`, `d`, `s` stay texts.
local function read(id)
  local got = redis.pcall('HMGET', JOB .. id, 'run', 'st', 'q', 'o', 't', 'since', 's', 'd', 'f', 'try', 'lost',
    'cx', 'x')
  if got.err then return false end
  if not got[1] then return nil end
  if not (got[2] and got[3] and got[4] and got[5] and got[6] and got[7] and got[8]) then return false end
  return {
    run = got[1], st = got[2], q = got[3], o = got[4], t = got[5], since = got[6], s = got[7], d = got[8],
    f = tonumber(got[9] or 0), try = tonumber(got[10] or 0), lost = tonumber(got[11] or 0),
    cx = got[12] and true, x = got[13] or nil,
  }
end

-- What is needed seldom.
local function unpack_rest(job)
  local p, at, due, mt, to, typ = string.match(job.d, '^(%d+):(%d+):(%d+):(%d+):([^:]+):([^:]+)$')
  job.p, job.at, job.due, job.mt = tonumber(p), tonumber(at), tonumber(due), tonumber(mt)
  job.to, job.typ = to, tonumber(typ)
  return job
end

local function packed(p, at, due, mt, to, typ)
  return p .. ':' .. at .. ':' .. due .. ':' .. mt .. ':' .. to .. ':' .. typ
end

-- When a job expires unless it has started, in ms or 0, and the name that it keeps from others, or nothing.
local function extra_of(job)
  if not job.x then return 0, '' end
  local expires, unique = string.match(job.x, '^(%d+):(.*)$')
  return tonumber(expires), unique
end

-- Give up what only an unfinished job has.
local function let_go(id, job)
  local expires, unique = extra_of(job)
  if expires > 0 then remove(EXPIRY, id) end
  if unique ~= '' and redis.call('GET', UNIQUE .. unique) == id then delete(UNIQUE .. unique) end
end

-- Whether a worker knows a task, of `|a|b|`; `|*|` is every task, and a stock client's job names none.
local function is_known_in(tasks, task)
  if task == '' or tasks == '|*|' then return true end
  return not string.find(task, '|', 1, true) and string.find(tasks, '|' .. task .. '|', 1, true) ~= nil
end

-- What a claim gives out is remembered behind its request: of each job `fence:length of the id:id`, since a stock client
-- may have put anything into an id. Call `use` with id and fence of each; gives whether it is this request's.
local function each_given(memory, request, use)
  local stored = redis.call('GET', memory)
  if not stored or string.match(stored, '^%S+') ~= request then return false end
  local at = #request + 1
  while true do
    local fence, length, first = string.match(stored, '^ (%d+):(%d+):()', at)
    if not fence then return true end
    at = first + tonumber(length)
    use(string.sub(stored, first, at - 1), fence)
  end
end

-- Who has a job in progress. MGET takes a key of another type for nobody.
local function holder_of(id) return redis.call('MGET', IN_PROGRESS .. id)[1] end

local function is_foreign(holder) return holder and string.sub(holder, 1, 2) ~= 's:' end

-- Whether there is proof that this run has ended.
local function has_ended(id, run)
  local mark = redis.call('GET', DONE .. id)
  if mark then return tonumber(string.match(mark, '^%d+')) >= run end
  return run == 1 and redis.call('EXISTS', RESULT .. id) == 1
end

-- Who may act on a run that a worker names: `ok` for the highest fence, else `taken`, `ended` or `unknown`.
-- `got` is its hash's run, f and st, `holder` its in-progress key.
local function judge(id, run, fence, got, holder)
  local held = tonumber(got[1])
  if not held then return has_ended(id, run) and 'ended' or 'unknown' end
  if held > run then return 'ended' end
  if held < run then return 'unknown' end
  if fence < tonumber(got[2] or 0) or is_foreign(holder) then return 'taken' end
  return 'ok'
end

-- The same for one run. Gives the job too.
local function owns(id, run, fence)
  local got = redis.pcall('HMGET', JOB .. id, 'run', 'f', 'st')
  local answer = judge(id, tonumber(run), tonumber(fence), got, holder_of(id))
  local job = answer == 'ok' and read(id)
  if answer == 'ok' and not job then return 'unknown' end
  return answer, job
end

local means = {}
-- What one job that an owner has in line already costs his next: the mean run time of the task, once measured.
local function turn(task, typical)
  if means[task] == nil then means[task] = tonumber(redis.call('HGET', MEANS, task)) or false end
  return means[task] or typical
end

local function line_of(job) return OWNER .. job.q .. ':' .. job.o end

local lines = {}
-- How many jobs an owner has in line with this priority or a higher one; each call adds one more.
local function ahead_in(line, priority)
  local counts = lines[line]
  if not counts then counts = {} lines[line] = counts end
  if not counts[priority] then
    counts[priority] = redis.call('ZCOUNT', line, priority, '+inf')
    local unwritten = added[line] or {}
    for i = 1, #unwritten, 2 do
      if unwritten[i] >= priority then counts[priority] = counts[priority] + 1 end
    end
  end
  local ahead = counts[priority]
  for p, amount in pairs(counts) do
    if p <= priority then counts[p] = amount + 1 end
  end
  return ahead
end

-- Put a job that is due in line, by the score rule of jobs/scoring.py: with what its owner has in line by now.
local function line_up(id, job, step)
  local line = line_of(job)
  local score = math.max(job.at, job.due) - job.p * step + ahead_in(line, job.p) * turn(job.t, job.typ) - OFFSET
  job.s = text(math.min(math.floor(score), -1))
  add(line, job.p, id)
end

-- Running and parked ----------------------------------------------------------------------------------------------------

local limits = {}
local function limit_of(owner)
  if limits[owner] == nil then
    local got = redis.call('HMGET', LIMITS, owner, '*')
    limits[owner] = tonumber(got[1]) or (owner ~= 'system' and owner ~= 'arq' and tonumber(got[2])) or math.huge
  end
  return limits[owner]
end

-- Take note that a worker is heard of. After a silence of all of them that is longer than `gap`, or a clock that has jumped
-- as far, no lease counts as lost for as long as one lasts: each worker has the time to renew its own. It does not last
-- longer where the clock is set back meanwhile.
local function be_heard(gap, lease)
  local alive = tonumber(redis.call('GET', ALIVE)) or now
  if now - alive > gap then redis.call('SET', GRACE, '1', 'PX', text(lease))
  elseif alive - now > gap then redis.call('PEXPIRE', GRACE, text(lease)) end
  redis.call('SET', ALIVE, now_text)
end

-- How many of an owner's jobs run: those with a lease. After a silence of all workers, of which no lease counts as lost
-- for a while, those count too whose lease ran out in it.
local running_count
do
  local from
  running_count = function(owner)
    if not from then from = redis.call('EXISTS', GRACE) == 1 and '-inf' or '(' .. now_text end
    return redis.call('ZCOUNT', RUNNING .. owner, from, '+inf')
  end
end

-- Free one owner's parked jobs, as many in each queue as he may have running more. Bounded to 200 a queue.
local function release(owner)
  if redis.call('SISMEMBER', PARKED_OWNERS, owner) == 0 then return end
  local free = math.min(limit_of(owner) - running_count(owner), 200)
  if free <= 0 then return end
  local queues_left = 0
  for _, queue in ipairs(redis.call('SMEMBERS', PARKED_QUEUES .. owner)) do
    local parked, freed = PARKED .. queue .. ':' .. owner, 0
    while freed < free do
      local head = redis.call('ZPOPMIN', parked)
      if not head[1] then break end
      local at = tonumber(redis.call('ZSCORE', entries_of(queue), head[1]) or 0)
      if at >= PARKED_AT and at < QUARANTINE_AT then
        redis.call('ZADD', entries_of(queue), 'XX', head[2], head[1])
        freed = freed + 1
      end
    end
    if redis.call('EXISTS', parked) == 0 then
      redis.call('SREM', PARKED_QUEUES .. owner, queue)
    else
      queues_left = queues_left + 1
    end
    if freed > 0 then wake(queue) end
  end
  if queues_left == 0 then redis.call('SREM', PARKED_OWNERS, owner) end
end

local freed_owners = {}
-- The job does not run any more. Whom that frees is looked at once, at the end of the script.
local function leave(id, job, holder)
  remove(RUNNING .. job.o, id)
  freed_owners[job.o] = true
  if not is_foreign(holder) then delete(IN_PROGRESS .. id) end
end

local function unpark(id, job)
  if redis.call('ZREM', PARKED .. job.q .. ':' .. job.o, id) == 0 then return end
  if redis.call('EXISTS', PARKED .. job.q .. ':' .. job.o) == 1 then return end
  redis.call('SREM', PARKED_QUEUES .. job.o, job.q)
  if redis.call('EXISTS', PARKED_QUEUES .. job.o) == 0 then redis.call('SREM', PARKED_OWNERS, job.o) end
end

-- Take a run off every index. What it leaves must not be mistaken for another's.
local function drop(id, job)
  leave(id, job, holder_of(id))
  remove(entries_of(job.q), id)
  remove(line_of(job), id)
  remove(UNFINISHED .. job.o, id)
  unpark(id, job)
  let_go(id, job)
  delete(JOB .. id)
end

-- Tries ------------------------------------------------------------------------------------------------------------------

-- Who has a job, and since when.
local function start_of(id) return redis.call('HMGET', JOB .. id, 'w', 'm') end

-- Say with an event how a try ended, and all else that its row takes: what was told of its start may be written later, or
-- never. It is not said of one that ended its job well, as nearly all do: for that one the job's own row has all there is.
local function tell_over(event, outcome, fence, start)
  event.over, event.fence, event.worker, event.began = outcome, fence, start[1] or nil, start[2] or nil
end

-- A traceback goes along unless so many events wait for PostgreSQL that such texts would fill the memory.
local function tell_traceback(event, traceback)
  if traceback ~= '' and redis.call('XLEN', EVENTS) < TRACEBACKS_UNTIL then event.traceback = traceback end
end

-- Put a job that was running back in line, at the score that it had; the try of this fence ended so, if it had begun.
local function put_back(id, job, v, outcome, fence)
  local start = start_of(id)
  leave(id, job)
  add(entries_of(job.q), job.s, id)
  redis.call('HSET', JOB .. id, 'st', 'queued', 'f', text(job.f), 'try', job.try, 'lost', job.lost, 'm', now_text)
  local event = emit(id, job.run, text(v), 'queued', job.try)
  if outcome then tell_over(event, outcome, fence, start) end
  wake(job.q)
end

-- Ends --------------------------------------------------------------------------------------------------------------------

local ended = {}
local measured = {}
-- A running mean over about the last MEAN_OF runs of each task.
local function write_means()
  for task, new in pairs(measured) do
    local old = redis.call('HMGET', MEANS, task, task .. '|n')
    local mean, n = tonumber(old[1]) or 0, tonumber(old[2]) or 0
    n = math.min(n + new.n, MEAN_OF)
    mean = mean + (new.sum / new.n - mean) * math.min(new.n / n, 1)
    redis.call('HSET', MEANS, task, string.format('%.3f', mean), task .. '|n', n)
  end
end

-- Write what was put off. Every script that wrote anything ends with this.
local function close()
  flush()
  for owner in pairs(freed_owners) do release(owner) end
  if #ended > 0 then redis.call('PUBLISH', ENDED_CHANNEL, table.concat(ended, ' ')) end
  write_means()
  write_tallies()
  if #events > 0 then redis.call('XADD', EVENTS, '*', 'events', cjson.encode(events)) end
  if version then redis.call('SET', FENCE, text(version)) end
end
