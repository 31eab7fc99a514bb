-- Cancel runs: at once where they wait, by a word to their worker where they run.
--
-- ARGV  1 amount, then for each: id, run
-- Returns an answer each: cancelled (it never started and never will), stopped (it had, and waited for another try),
--       asked (it runs), or ended (before).

redis.call('DEL', DOOR)

local function cancel_run(id, run)
  local job = read(id)
  if job and tonumber(job.run) == run then
    local was_stock_ended = redis.call('EXISTS', PAYLOAD .. id) == 0 and redis.call('EXISTS', RESULT .. id) == 1
    return was_stock_ended and 'ended' or cancel(id, job)
  end
  if job and tonumber(job.run) > run or has_ended(id, run) then return 'ended' end
  -- It is on its way here, or was lost here: whoever still brings it comes too late. What is here of a run before it
  -- would start in its place.
  local v = text(next_version())
  if job then drop(id, job) end
  if job ~= nil then redis.call('DEL', JOB .. id, PAYLOAD .. id, RETRY .. id) end
  redis.call('SET', DONE .. id, text(run) .. ':' .. v .. ':cancelled', 'PX', DONE_MS)
  emit(id, text(run), v, 'cancelled')
  ended[#ended + 1] = id
  return 'cancelled'
end

local answers = {}
for i = 1, tonumber(ARGV[1]) do answers[i] = cancel_run(ARGV[2 * i], tonumber(ARGV[2 * i + 1])) end
close()
return answers
