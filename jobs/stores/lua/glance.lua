-- See how queues do.
--
-- ARGV  queues
-- Returns for each {ms since which it rests or nothing, since when the oldest of the next hundred ready ones waits (ms) or
--       nothing, started lately, in ms}, after now ms. It changes nothing.

local NEXT = 100

local function oldest_of(queue)
  local oldest
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', entries_of(queue), '-inf', '(0', 'LIMIT', 0, NEXT)) do
    local since = tonumber(redis.pcall('HMGET', JOB .. id, 'since')[1] or now)
    if not oldest or since < oldest then oldest = since end
  end
  return oldest and text(oldest) or ''
end

local found = {now_text}
for i, queue in ipairs(ARGV) do
  local total, span = pace_of(queue)
  found[i + 1] = {redis.call('HGET', PAUSED, queue) or '', oldest_of(queue), total, span}
end
return found
