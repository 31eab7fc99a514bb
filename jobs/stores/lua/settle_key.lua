-- Say what became of a submission under an Idempotency-Key, unless the key is done or stands for another submission.
--
-- ARGV  1 owner:key  2 job id that the caller's claim has given  3 the key's value from now on as in claim_key, or
--         nothing: it is given up
-- Returns 1, or 0 where the key is left as it is: whoever had no answer to his claim does not know whose it is.

local KEPT_MS = 86400000

local name, value = IDEMPOTENCY .. ARGV[1], ARGV[3]
local state, id = string.match(redis.call('GET', name) or '', '^(%a+) %d+ %x+ (%x+)')
if state == 'done' or id and id ~= ARGV[2] then return 0 end
if value == '' then redis.call('DEL', name) else redis.call('SET', name, value, 'PX', KEPT_MS) end
return 1
