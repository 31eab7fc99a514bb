-- Put parked jobs of a queue back in line, whatever their owners' limits: a stock arq worker cannot see parked ones.
--
-- ARGV  1 queue  2.. the owners who have parked jobs there
-- Returns {how many were put back, how many are still parked}. Puts back up to 200.
--
-- Those that no owner's set has go by their hash. Where that cannot be read either, the entry comes due now: whoever
-- takes it next deals with it.

redis.call('DEL', DOOR)

local queue, entries, left = ARGV[1], entries_of(ARGV[1]), 200
local released = 0

local function is_parked(id)
  local at = tonumber(redis.call('ZSCORE', entries, id) or 0)
  return at >= PARKED_AT and at < QUARANTINE_AT
end

local function put_in_line(id, score)
  redis.call('ZADD', entries, 'XX', score, id)
  released = released + 1
end

-- By score, as a sweep would.
local function release_owner(owner)
  local parked = PARKED .. queue .. ':' .. owner
  local heads = redis.call('ZPOPMIN', parked, left)
  left = left - #heads / 2
  for i = 1, #heads, 2 do
    if is_parked(heads[i]) then put_in_line(heads[i], heads[i + 1]) end
  end
  if redis.call('EXISTS', parked) == 1 then return end
  redis.call('SREM', PARKED_QUEUES .. owner, queue)
  if redis.call('EXISTS', PARKED_QUEUES .. owner) == 0 then redis.call('SREM', PARKED_OWNERS, owner) end
end

local function release_strays()
  local bounds = {text(PARKED_AT), '(' .. text(QUARANTINE_AT)}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', entries, bounds[1], bounds[2], 'LIMIT', 0, left)) do
    local job = read(id)
    if job then unpark(id, job) end
    put_in_line(id, job and job.s or now_text)
  end
end

for i = 2, #ARGV do
  if left > 0 then release_owner(ARGV[i]) end
end
if left > 0 then release_strays() end
close()
if released > 0 then wake(queue) end
return {released, redis.call('ZCOUNT', entries, text(PARKED_AT), '(' .. text(QUARANTINE_AT))}
