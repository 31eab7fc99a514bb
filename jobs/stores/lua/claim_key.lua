-- Claim an Idempotency-Key for a submission, unless it has been used.
--
-- ARGV  1 owner:key  2 print of what is submitted  3 id for the job
-- Returns {word, job id, the first answer}: first (go on, with this job id, which may be an earlier attempt's, of which
--       nobody knows what became), busy (the first is in flight), mismatch (it was something else), done.
-- The key's value: state, ms until which it is busy, print, job id, and the first answer once it is done.

local KEPT_MS, BUSY_MS = 86400000, 30000

local name, print = IDEMPOTENCY .. ARGV[1], ARGV[2]
local state, till, known, id, answer = string.match(redis.call('GET', name) or '', '^(%a+) (%d+) (%x+) (%x+) ?(.*)$')
if state and known ~= print then return {'mismatch', id, ''} end
if state == 'done' then return {'done', id, answer} end
-- Where the clock was set back, that would be as long again: no submission is in flight for more than BUSY_MS.
if state and tonumber(till) > now and tonumber(till) <= now + BUSY_MS then return {'busy', id, ''} end
id = id or ARGV[3]
redis.call('SET', name, 'busy ' .. text(now + BUSY_MS) .. ' ' .. print .. ' ' .. id, 'PX', KEPT_MS)
return {'first', id, ''}
