-- How jobs are told to stop: stands after `ends`, before the scripts that cancel some.

local CANCELLED_MS = 3600000
-- Those that were put in line behind it should not wait for it any more: the script `rerank` sees to that.
local function note_gap(job)
  redis.call('ZINCRBY', CANCELLED, 1, job.q .. ':' .. job.o)
  redis.call('PEXPIRE', CANCELLED, CANCELLED_MS)
end

-- Cancel one. Gives `cancelled` (it never started), `stopped` (it waited for another try), or `asked` (it runs: whoever
-- runs it is told now, and will be told at its next renewal).
local function cancel(id, job)
  local is_elsewhere = is_foreign(holder_of(id))
  if job.st ~= 'running' and not is_elsewhere then
    end_here(id, job, 'cancelled')
    if job.st ~= 'scheduled' then note_gap(job) end
    return job.f > 0 and 'stopped' or 'cancelled'
  end
  if not job.cx then redis.call('HSET', JOB .. id, 'cx', '1') end
  if is_elsewhere then redis.pcall('ZADD', ABORT, 'NX', now_text, id) end
  redis.call('PUBLISH', CANCEL_CHANNEL, id)
  return 'asked'
end

local ABORTED_AT_ONCE, ABORT_MS = 200, 60000
-- Do what stock clients want aborted. `adopt_raw` is given the ids of their own entries that nobody has taken yet. Of many
-- each second looks at others: those that wait for a queue's own workers hide none.
local function heed_aborts(adopt_raw)
  local amount = count_aborts()
  if amount == 0 then return end
  local first = amount > ABORTED_AT_ONCE and math.floor(now / 1000) * ABORTED_AT_ONCE % amount or 0
  local wanted = redis.call('ZRANGE', ABORT, first, first + ABORTED_AT_ONCE - 1, 'WITHSCORES')
  for i = 1, #wanted, 2 do
    local id = wanted[i]
    local job = read(id)
    if job and not is_foreign(holder_of(id)) then
      if cancel(id, job) == 'asked' then remove(ABORT, id) end
    elseif job == nil then
      if redis.call('EXISTS', PAYLOAD .. id) == 1 then adopt_raw(id)
      elseif now - tonumber(wanted[i + 1]) > ABORT_MS then remove(ABORT, id) end
    end
  end
  flush()
end
