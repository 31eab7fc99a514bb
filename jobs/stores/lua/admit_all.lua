-- Take places for all jobs of a batch that is about to be accepted, or for none; `enqueue` makes them theirs.
--
-- ARGV  1 most events: how long the stream of what is not written may be, 0 for any length
--       2 owner, 3 batch: the name that the places are kept under, 4 how many
-- Returns `ok:` and how many places are left (those of the batch are kept for 30 seconds), `quota:` and how many are
--       free and how many the owner may have, full (the stream is), or unknown (how many that is has to be said anew).

if is_full(tonumber(ARGV[1])) then return 'full' end
local owner, wanted = ARGV[2], tonumber(ARGV[4])
local most = most_of(owner)
if not most then return 'unknown' end
local free = free_of(owner, most, wanted)
if free < wanted then return 'quota:' .. text(math.max(free, 0)) .. ':' .. text(most) end
keep_places(owner, ARGV[3], wanted)
return 'ok:' .. text(free - wanted)
