-- Take places for jobs that are about to be accepted, as far as their owners have some; `enqueue` makes them theirs.
--
-- ARGV  1 most events: how long the stream of what is not written may be, 0 for any length
--       2 amount, at most 200, then for each: id, owner
-- Returns an answer each: `ok:` and how many places are left (the job's is kept for 30 seconds, or it is in line),
--       `quota:0:` and how many the owner may have (none is free), full (the stream is), unknown (how many he may have
--       has to be said anew).

local amount, full = tonumber(ARGV[2]), is_full(tonumber(ARGV[1]))

local most, free, answers = {}, {}, {}
for i = 1, amount do
  local id, owner = ARGV[1 + 2 * i], ARGV[2 + 2 * i]
  if most[owner] == nil then
    most[owner] = most_of(owner) or false
    free[owner] = most[owner] and not full and free_of(owner, most[owner], 1)
  end
  if full then
    answers[i] = 'full'
  elseif not most[owner] then
    answers[i] = 'unknown'
  elseif free[owner] > 0 then
    free[owner] = free[owner] - 1
    add(RESERVE .. owner, text(now + PLACE_MS), id)
    answers[i] = 'ok:' .. free[owner]
  elseif redis.call('ZSCORE', UNFINISHED .. owner, id) then
    -- Whoever submitted it had no answer: it must not be refused for the place that it has itself.
    answers[i] = 'ok:0'
  elseif redis.call('ZSCORE', RESERVE .. owner, id) then
    add(RESERVE .. owner, text(now + PLACE_MS), id)
    answers[i] = 'ok:0'
  else
    answers[i] = 'quota:0:' .. most[owner]
  end
end
close()
-- Those who have died give no place back: theirs go with the key, if nobody submits for this owner any more.
for owner in pairs(free) do redis.call('PEXPIRE', RESERVE .. owner, PLACE_MS) end
return answers
