-- How runs end: stands after `jobs`, before the scripts that end some.

local ended_at = ',"ft":' .. now_text .. '}'
local aborts
-- How many jobs stock clients want aborted. A key of another type, a stranger's, says nothing.
local function count_aborts()
  if not aborts then
    local amount = redis.pcall('ZCARD', ABORT)
    aborts = type(amount) == 'number' and amount or 0
  end
  return aborts
end

-- Write a result: arq's record without its last field, the time, and the brace; or, behind `=`, all of it in whatever
-- codec. It is kept for so many ms, or for ever where that is below 0.
local function keep(id, result, keep_ms)
  local record = string.byte(result) == 61 and string.sub(result, 2) or result .. ended_at
  if keep_ms == '-1' then redis.call('SET', RESULT .. id, record)
  else redis.call('SET', RESULT .. id, record, 'PX', keep_ms) end
end

-- The one way in which a run ends. `job` is its run, q, o, t, whether it `was_parked`, its `fence` if it had one, and the
-- outcome of a try that is `over` with it, unless that went well; `result` is as above, and `keep_ms` 0 where there is none.
local function end_run(id, job, kind, fence, try, result, keep_ms, error, value, holder)
  leave(id, job, holder)
  remove(entries_of(job.q), id)
  remove(line_of(job), id)
  if job.was_parked then unpark(id, job) end
  if job.x then let_go(id, job) end
  if count_aborts() > 0 then remove(ABORT, id) end
  delete(JOB .. id)
  delete(PAYLOAD .. id)
  delete(RETRY .. id)
  remove(UNFINISHED .. job.o, id)
  local kept = tonumber(keep_ms)
  if kept ~= 0 then keep(id, result, keep_ms) end
  if job.run ~= '1' or kept >= 0 and kept < RESULT_PROVES_MS then
    redis.call('SET', DONE .. id, job.run .. ':' .. fence .. ':' .. kind, 'PX', DONE_MS)
  end
  count(job, 'ended|' .. kind)
  local event = emit(id, job.run, text(next_version()), kind, try)
  event.fence = job.fence -- an end may be written down before its start is, or without it
  if error ~= '' then event.error = error end
  if job.over then tell_over(event, job.over, job.fence, start_of(id)) end
  if kind == 'failed' then tell_traceback(event, value) elseif value ~= '' then event.result = value end
  ended[#ended + 1] = id
end

local STOPPED = {
  cancelled = '{"__error__":"CancelledError","message":"cancelled"}',
  expired = '{"__error__":"JobExpiredError","message":"it had not started when it expired"}',
}

-- The record of an end that no worker has written. `by` tells that its start is none; that it has a fence, that it had one.
local function record_of(job, kind)
  return '{"t":' .. job.try .. ',"f":' .. cjson.encode(job.t) .. ',"a":[],"k":{},"et":' .. text(unpack_rest(job).at)
    .. ',"st":' .. now_text .. ',"q":' .. cjson.encode(entries_of(job.q)) .. ',"s":false,"r":' .. STOPPED[kind]
    .. ',"state":"' .. kind .. '","by":"queue"' .. (job.f > 0 and ',"fence":' .. text(job.f) or '')
end

-- End a job that nobody runs, or that its worker has not begun: `cancelled` or `expired`.
local function end_here(id, job, kind)
  job.was_parked, job.fence, job.over = true, job.f > 0 and text(job.f) or nil, job.st == 'running' and kind or nil
  end_run(id, job, kind, text(next_version()), job.try, record_of(job, kind), RESULT_KEEP_MS, '', '', holder_of(id))
end

local function measure(job, ms)
  count(job, 'run_ms|' .. index_of(RUN_BOUNDS, ms))
  count(job, 'run_ms_sum', ms)
  local all = measured[job.t]
  if not all then all = {n = 0, sum = 0} measured[job.t] = all end
  all.n, all.sum = all.n + 1, all.sum + ms
end

-- End many runs. From `argument` on, `amount` times: id, run, fence, kind, try, result without its end, keep ms, error
-- (JSON or nothing), value (of a success JSON, of a failure its traceback, or nothing), run ms (-1: none), queue, owner,
-- task, fresh (1: a renewal knew the run less than a minute ago); then, of those that are stock clients' jobs, id and row
-- (JSON, as `enqueue` takes it). Gives an answer each: ok, ended (also to a repetition), taken or unknown.
local FINISH_ARGUMENTS = 14
local function finish(argument, amount)
  local answers, ids = {}, {}
  read_rows(argument + amount * FINISH_ARGUMENTS)
  for i = 1, amount do ids[i] = ARGV[argument + (i - 1) * FINISH_ARGUMENTS] end
  local holders = amount > 0 and redis.call('MGET', unpack(keyed(IN_PROGRESS, ids)))
  local done = {}
  for i = 1, amount do
    local id, run, fence, kind, try, result, keep_ms, error, value, ms, queue, owner, task, fresh =
      unpack(ARGV, argument, argument + FINISH_ARGUMENTS - 1)
    argument = argument + FINISH_ARGUMENTS
    local got = redis.pcall('HMGET', JOB .. id, 'run', 'f', 'st', 'cx', 'x')
    local answer = done[id] or judge(id, tonumber(run), tonumber(fence), got, holders[i])
    -- Redis has lost the job while it ran; nobody else can have it.
    if answer == 'unknown' and fresh == '1' and not got[1] then answer = 'ok' end
    if answer == 'ok' then
      local job = {run = run, q = queue, o = owner, t = task, was_parked = got[3] == 'queued', fence = fence, x = got[5] or nil}
      -- It was to be cancelled, and that is what has stopped it, whatever it made of it.
      if got[4] and kind == 'failed' then
        local known = read(id)
        kind, error, value, result = 'cancelled', '', '', known and record_of(known, 'cancelled') or result
      end
      ms = tonumber(ms)
      if kind ~= 'succeeded' and ms >= 0 then job.over = kind end
      if ms >= 0 and kind ~= 'cancelled' then measure(job, ms) end
      end_run(id, job, kind, fence, try, result, keep_ms, error, value, holders[i])
      done[id] = 'ended'
    end
    answers[i] = answer
  end
  flush()
  return answers
end
