-- How many more unfinished jobs an owner may have: stands before the scripts that give out places.

local PLACE_MS = 30000
local LOOKED_AT = 100

-- Jobs that Redis has lost would take places for ever: whoever is refused looks at some, and another time at others.
local function drop_lost(owner)
  for _, id in ipairs(redis.call('ZRANDMEMBER', UNFINISHED .. owner, LOOKED_AT)) do
    if redis.call('EXISTS', JOB .. id) == 0 then redis.call('ZREM', UNFINISHED .. owner, id) end
  end
end

local function count_free(owner, most)
  return most - redis.call('ZCARD', UNFINISHED .. owner) - redis.call('ZCARD', RESERVE .. owner)
end

-- How many of `most` places are free, for somebody who wants so many of them.
local function free_of(owner, most, wanted)
  redis.call('ZREMRANGEBYSCORE', RESERVE .. owner, '-inf', now_text)
  local free = count_free(owner, most)
  if free >= wanted then return free end
  drop_lost(owner)
  return count_free(owner, most)
end

-- Whether the stream of what is not written is as long as it may be; 0 is any length.
local function is_full(most_events) return most_events > 0 and redis.call('XLEN', EVENTS) >= most_events end
