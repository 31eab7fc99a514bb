-- Take over the end of a job that a stock worker has ended: its result stays as it is.
--
-- ARGV  1 id  2 kind  3 tries  4 error (JSON or nothing)  5 value (JSON or nothing)
-- Returns 1, or 0 where the job is not one of these any more.

redis.call('DEL', DOOR)

local id = ARGV[1]
local job = read(id)
local holder = holder_of(id)
if not job or is_foreign(holder) then return 0 end
if redis.call('EXISTS', PAYLOAD .. id) == 1 or redis.call('EXISTS', RESULT .. id) == 0 then return 0 end
job.was_parked = true
end_run(id, job, ARGV[2], text(next_version()), ARGV[3], '', '0', ARGV[4], ARGV[5], holder)
close()
return 1
