-- See where a job stands in line.
--
-- ARGV  1 id  2 queue, of a job that is not here
-- Returns {now ms, state or nothing where the job is not here, score of its entry or nothing, due ms, why, whether the
--       queue rests, how many ready ones are before it, how many of its owner's parked ones are, ready ones, started
--       lately, in ms}. It changes nothing.

local id = ARGV[1]
local job = read(id)
local queue = job and job.q or ARGV[2]
local entries = entries_of(queue)
local before, parked_before = 0, 0
if job then
  before = redis.call('ZCOUNT', entries, '-inf', '(' .. job.s)
  parked_before = redis.call('ZCOUNT', PARKED .. queue .. ':' .. job.o, '-inf', '(' .. job.s)
end
local total, span = pace_of(queue)
return {
  now_text,
  job and job.st or '',
  job and redis.call('ZSCORE', entries, id) or '',
  job and job.since or '0',
  redis.call('HGET', JOB .. id, 'why') or '',
  redis.call('HEXISTS', PAUSED, queue),
  before,
  parked_before,
  redis.call('ZCOUNT', entries, '-inf', '(0'),
  total,
  span,
}
