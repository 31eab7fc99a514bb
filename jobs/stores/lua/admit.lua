-- Take places for jobs that are about to be accepted, as far as their owners have some; `enqueue` makes them theirs.
--
-- ARGV  1 most events: how long the stream of what is not written may be, 0 for any length
--       2 most: unfinished jobs that an owner may have
--       3 amount, at most 200, then for each: id, owner
-- Returns an answer each: `ok:` and how many places are left (the job's is kept for 30 seconds), quota (none is free),
--       full (the stream is).

local most, amount = tonumber(ARGV[2]), tonumber(ARGV[3])
local full = is_full(tonumber(ARGV[1]))

local free, answers = {}, {}
for i = 1, amount do
  local id, owner = ARGV[2 + 2 * i], ARGV[3 + 2 * i]
  if full then
    answers[i] = 'full'
  else
    free[owner] = free[owner] or free_of(owner, most, 1)
    if free[owner] > 0 then
      free[owner] = free[owner] - 1
      add(RESERVE .. owner, text(now + PLACE_MS), id)
      answers[i] = 'ok:' .. free[owner]
    else
      answers[i] = 'quota'
    end
  end
end
close()
-- Those who have died give no place back: theirs go with the key, if nobody submits for this owner any more.
for owner in pairs(free) do redis.call('PEXPIRE', RESERVE .. owner, PLACE_MS) end
return answers
