-- Take places for jobs that are about to be accepted, as far as their owners have some; `enqueue` makes them theirs.
--
-- ARGV  1 most events: how long the stream of what is not written may be, 0 for any length
--       2 most: unfinished jobs that an owner may have
--       3 amount, at most 200, then for each: id, owner
-- Returns an answer each: `ok:` and how many places are left (the job's is kept for 30 seconds), quota (none is free),
--       full (the stream is).

local PLACE_MS = 30000
local LOOKED_AT = 100

local most_events, most, amount = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local is_full = most_events > 0 and redis.call('XLEN', EVENTS) >= most_events

-- Jobs that Redis has lost would take places for ever: whoever is refused looks at some, and another time at others.
local function drop_lost(owner)
  for _, id in ipairs(redis.call('ZRANDMEMBER', UNFINISHED .. owner, LOOKED_AT)) do
    if redis.call('EXISTS', JOB .. id) == 0 then redis.call('ZREM', UNFINISHED .. owner, id) end
  end
end

local function count_free(owner)
  return most - redis.call('ZCARD', UNFINISHED .. owner) - redis.call('ZCARD', RESERVE .. owner)
end

local free = {}
local function free_of(owner)
  if free[owner] then return free[owner] end
  redis.call('ZREMRANGEBYSCORE', RESERVE .. owner, '-inf', now_text)
  free[owner] = count_free(owner)
  if free[owner] <= 0 then
    drop_lost(owner)
    free[owner] = count_free(owner)
  end
  return free[owner]
end

local answers = {}
for i = 1, amount do
  local id, owner = ARGV[2 + 2 * i], ARGV[3 + 2 * i]
  if is_full then
    answers[i] = 'full'
  elseif free_of(owner) > 0 then
    free[owner] = free[owner] - 1
    add(RESERVE .. owner, text(now + PLACE_MS), id)
    answers[i] = 'ok:' .. free[owner]
  else
    answers[i] = 'quota'
  end
end
close()
-- Those who have died give no place back: theirs go with the key, if nobody submits for this owner any more.
for owner in pairs(free) do redis.call('PEXPIRE', RESERVE .. owner, PLACE_MS) end
return answers
