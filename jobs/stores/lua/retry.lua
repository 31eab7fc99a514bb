-- A try has failed and another is to follow after a back-off.
--
-- ARGV  1 step ms  2 id  3 run  4 fence  5 delay ms  6 error (JSON)  7 run ms
--       8 traceback, or nothing; then, of a stock client's job, id and row
-- Returns ok, taken (also to a repetition: the fence has moved on), ended (also: it was to be cancelled) or unknown.

redis.call('DEL', DOOR)

local step, id, run, fence = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local answer, job = owns(id, run, fence)
read_rows(9)
if answer == 'ok' and job.cx then
  end_here(id, job, 'cancelled')
  close()
  return 'ended'
end
if answer == 'ok' then
  unpack_rest(job)
  local due, v = now + tonumber(ARGV[5]), text(next_version())
  local due_text, start = text(due), start_of(id)
  -- Its lease had run out, and nobody has taken it since: a try of this worker's all the same, and no loss.
  if job.st == 'queued' then job.try, job.lost = job.try + 1, math.max(job.lost - 1, 0) end
  leave(id, job)
  unpark(id, job)
  job.s = text(math.min(math.floor(math.max(tonumber(job.s), due - job.p * step - OFFSET)), -1))
  add(entries_of(job.q), due_text, id)
  redis.call('HSET', JOB .. id, 'st', 'retrying', 'f', v, 's', job.s, 'since', due_text, 'try', job.try,
    'lost', job.lost, 'm', now_text)
  redis.call('SET', RETRY .. id, job.try, 'EX', RETRY_S)
  local event = emit(id, job.run, v, 'retrying', job.try)
  event.error = ARGV[6]
  tell_over(event, 'retrying', fence, start)
  tell_traceback(event, ARGV[8])
  count(job, 'retried')
  count(job, 'run_ms|' .. index_of(RUN_BOUNDS, tonumber(ARGV[7])))
  count(job, 'run_ms_sum', tonumber(ARGV[7]))
  close()
  wake(job.q)
end
return answer
