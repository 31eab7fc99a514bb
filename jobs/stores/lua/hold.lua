-- Let nothing be claimed for a while, or go on. All else goes on: renewals, ends, submissions.
--
-- ARGV  1 ms, 0: go on  2 epoch: what this content of Redis is called from now on, or nothing: as before
--       3 and more: queues whose workers are to look again, where there is anything
-- Returns nothing.

redis.call('DEL', DOOR)

if ARGV[2] ~= '' then redis.call('SET', EPOCH, ARGV[2]) end
if ARGV[1] ~= '0' then redis.call('SET', HOLD, '1', 'PX', ARGV[1]) else redis.call('DEL', HOLD) end
for i = 3, #ARGV do
  if redis.call('EXISTS', entries_of(ARGV[i])) == 1 then wake(ARGV[i]) end
end
