-- Compare what PostgreSQL takes for unfinished with what is here.
--
-- ARGV  1 amount, at most 200, then for each: id, run
-- Returns an answer each: live; ended; missing (nothing here knows of it); bare (its payload is gone); or, where a stock
--       worker has ended it, `done:` and the result that it left.
-- It mends one thing: a job that has had no entry for five seconds gets one.

redis.call('DEL', DOOR)

local ENTRY_MS = 5000

local function put_entry(id, job)
  local at = job.st == 'queued' and job.s or job.since
  if job.st == 'running' then at = redis.call('ZSCORE', RUNNING .. job.o, id) or now_text end
  add(entries_of(job.q), at, id)
  wake(job.q)
end

local function look(id, run)
  local job = read(id)
  if job == false then return 'bare' end
  if not job then return has_ended(id, run) and 'ended' or 'missing' end
  if redis.call('EXISTS', PAYLOAD .. id) == 0 and not is_foreign(holder_of(id)) then
    local result = redis.call('GET', RESULT .. id)
    return result and 'done:' .. result or 'bare'
  end
  local is_old = now - tonumber(redis.call('HGET', JOB .. id, 'm') or 0) > ENTRY_MS
  if is_old and not redis.call('ZSCORE', entries_of(job.q), id) then put_entry(id, job) end
  return 'live'
end

local answers = {}
for i = 1, tonumber(ARGV[1]) do answers[i] = look(ARGV[2 * i], tonumber(ARGV[2 * i + 1])) end
close()
return answers
