-- Take places for all jobs of a batch that is about to be accepted, or for none; `enqueue` makes them theirs.
--
-- ARGV  1 most events: how long the stream of what is not written may be, 0 for any length
--       2 most: unfinished jobs that the owner may have
--       3 owner, 4 batch: the name that the places are kept under, 5 how many
-- Returns `ok:` and how many places are left (those of the batch are kept for 30 seconds), `quota:` and how many are
--       free, or full (the stream is).

if is_full(tonumber(ARGV[1])) then return 'full' end
local owner, wanted = ARGV[3], tonumber(ARGV[5])
local free = free_of(owner, tonumber(ARGV[2]), wanted)
if free < wanted then return 'quota:' .. text(math.max(free, 0)) end
keep_places(owner, ARGV[4], wanted)
return 'ok:' .. text(free - wanted)
