-- Drop runs of which PostgreSQL knows that they have ended: only a Redis that went back in time still has them.
--
-- ARGV  1 amount, at most 200, then for each: id, run, state in which it has ended
-- Returns how many were here. Later runs stay, and entries that no hash belongs to: such an id may be in use again.
-- Nothing is told of it.

redis.call('DEL', DOOR)

local forgotten = 0
for i = 1, tonumber(ARGV[1]) do
  local id, run, state = unpack(ARGV, 3 * i - 1, 3 * i + 1)
  local job = read(id)
  if job and tonumber(job.run) <= tonumber(run) then
    drop(id, job)
    redis.call('DEL', PAYLOAD .. id, RETRY .. id)
    redis.call('SET', DONE .. id, run .. ':' .. text(next_version()) .. ':' .. state, 'PX', DONE_MS)
    forgotten = forgotten + 1
  end
end
close()
return forgotten
