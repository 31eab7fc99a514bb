-- How many more unfinished jobs an owner may have: stands before the scripts that give out places.

local PLACE_MS = 30000
local LOOKED_AT = 100

-- Jobs that Redis has lost would take places for ever: whoever is refused looks at some, and another time at others.
local function drop_lost(owner)
  for _, id in ipairs(redis.call('ZRANDMEMBER', UNFINISHED .. owner, LOOKED_AT)) do
    if redis.call('EXISTS', JOB .. id) == 0 then redis.call('ZREM', UNFINISHED .. owner, id) end
  end
end

-- The places that are kept for batches on their way in: those of dead processes for 30 seconds, also where the clock was
-- set back meanwhile.
local function count_kept(owner)
  local kept, found = 0, redis.call('HGETALL', RESERVED .. owner)
  for i = 1, #found, 2 do
    local until_ms, amount = string.match(found[i + 1], '^(%d+):(%d+)$')
    if tonumber(until_ms) > now and tonumber(until_ms) <= now + PLACE_MS then
      kept = kept + tonumber(amount)
    else
      redis.call('HDEL', RESERVED .. owner, found[i])
    end
  end
  return kept
end

-- Keep places for a batch; `wanted` less than before where some of its jobs have theirs.
local function keep_places(owner, batch, wanted)
  if wanted > 0 then
    redis.call('HSET', RESERVED .. owner, batch, text(now + PLACE_MS) .. ':' .. text(wanted))
    redis.call('PEXPIRE', RESERVED .. owner, PLACE_MS)
  else
    redis.call('HDEL', RESERVED .. owner, batch)
  end
end

-- So many jobs of a batch have their places now.
local function use_places(owner, batch, amount)
  local found = redis.call('HGET', RESERVED .. owner, batch)
  if found then keep_places(owner, batch, tonumber(string.match(found, ':(%d+)$')) - amount) end
end

-- How many places an owner has, those of unfinished jobs and those that are kept.
local function count_taken(owner)
  redis.call('ZREMRANGEBYSCORE', RESERVE .. owner, '-inf', now_text)
  redis.call('ZREMRANGEBYSCORE', RESERVE .. owner, '(' .. text(now + PLACE_MS), '+inf')
  return redis.call('ZCARD', UNFINISHED .. owner) + redis.call('ZCARD', RESERVE .. owner) + count_kept(owner)
end

-- How many places an owner may have. Nothing: nobody has said so, or Redis has lost it.
local function most_of(owner)
  local got = redis.call('HMGET', PLACES, owner, '*')
  return got[2] and tonumber(got[1] or got[2])
end

-- How many of `most` places are free, for somebody who wants so many of them.
local function free_of(owner, most, wanted)
  local free = most - count_taken(owner)
  if free >= wanted then return free end
  drop_lost(owner)
  return most - count_taken(owner)
end

-- Whether the stream of what is not written is as long as it may be; 0 is any length.
local function is_full(most_events) return most_events > 0 and redis.call('XLEN', EVENTS) >= most_events end
