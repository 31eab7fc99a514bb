-- Rank anew what an owner still has in line in a queue where many of his jobs were cancelled: each of them was put
-- behind those. It is as if the rest were submitted now, in the order of their ids; but nobody is put back by it, so it
-- may be done again, and by several at once.
--
-- ARGV  1 step ms  2 most: so many may be cancelled in a line before its rest is ranked anew
--       3 line: queue:owner  4 cursor; or nothing and 0 to look for a line
-- Returns {whether there was anything to do (1 or 0), line and cursor to go on with}. Looks at about 200 jobs.

redis.call('DEL', DOOR)

local step, most, name, cursor = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]

if name == '' then
  name = redis.call('ZREVRANGEBYSCORE', CANCELLED, '+inf', '(' .. most, 'LIMIT', 0, 1)[1]
  if not name then return {0, '', '0'} end
  -- Until this is done it stays one to be looked for; what is cancelled meanwhile counts on from here.
  redis.call('ZADD', CANCELLED, most + 1, name)
end
local line = OWNER .. name

local higher, lower = {}, {}
-- How many jobs of the line have this one's priority or a higher one, and come before it.
local function ahead_of(id, priority)
  if not higher[priority] then
    higher[priority] = redis.call('ZCOUNT', line, '(' .. priority, '+inf')
    lower[priority] = redis.call('ZCOUNT', line, '-inf', '(' .. priority)
  end
  return higher[priority] + redis.call('ZRANK', line, id) - lower[priority]
end

local function rank(id)
  local job = read(id)
  if not job or job.st == 'running' then return end
  unpack_rest(job)
  local base = math.max(now, tonumber(job.since))
  local score = base - job.p * step + ahead_of(id, job.p) * turn(job.t, job.typ) - OFFSET
  score = math.min(math.floor(score), -1)
  if score >= tonumber(job.s) then return end
  redis.call('HSET', JOB .. id, 's', text(score))
  redis.call('ZADD', PARKED .. name, 'XX', text(score), id)
  if tonumber(redis.call('ZSCORE', entries_of(job.q), id) or 0) < 0 then
    redis.call('ZADD', entries_of(job.q), 'XX', text(score), id)
  end
end

local page = redis.call('ZSCAN', line, cursor, 'COUNT', 200)
for i = 1, #page[2], 2 do rank(page[2][i]) end
if page[1] ~= '0' then return {1, name, page[1]} end

local counted = tonumber(redis.call('ZSCORE', CANCELLED, name)) or 0
if counted > most then redis.call('ZADD', CANCELLED, counted - most - 1, name) end
redis.call('ZREMRANGEBYSCORE', CANCELLED, '-inf', 0)
return {1, '', '0'}
