-- Take places for all jobs of a batch that is about to be accepted, or for none; `enqueue` makes them theirs.
--
-- ARGV  1 most events: how long the stream of what is not written may be, 0 for any length
--       2 most: unfinished jobs that the owner may have
--       3 owner, then the ids, at most 10,000
-- Returns `ok:` and how many places are left (those of the jobs are kept for 30 seconds), `quota:` and how many are free,
--       or full (the stream is). One job costs it a microsecond.

local AT_ONCE = 1000

if is_full(tonumber(ARGV[1])) then return 'full' end
local owner, wanted = ARGV[3], #ARGV - 3
local free = free_of(owner, tonumber(ARGV[2]), wanted)
if free < wanted then return 'quota:' .. text(math.max(free, 0)) end
local until_text = text(now + PLACE_MS)
for first = 4, #ARGV, AT_ONCE do
  for i = first, math.min(first + AT_ONCE - 1, #ARGV) do add(RESERVE .. owner, until_text, ARGV[i]) end
  flush()
end
redis.call('PEXPIRE', RESERVE .. owner, PLACE_MS)
return 'ok:' .. text(free - wanted)
