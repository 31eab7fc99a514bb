-- Take readers of the history out of their group that are gone: silent for long, with nothing given out to them.
--
-- ARGV  1 ms of silence
-- Returns how many. A reader that is there after all is one again as soon as it reads. Redis before 7.2 counts only
-- those reads that gave something.

local told = redis.pcall('XINFO', 'CONSUMERS', EVENTS, HISTORY_GROUP)
if told.err then return 0 end -- nothing has been told yet

local gone = 0
for _, one in ipairs(told) do
  local reader = {}
  for i = 1, #one, 2 do reader[one[i]] = one[i + 1] end
  -- What a reader has been given goes with it, so nothing may be given out between the look and this.
  if reader.pending == 0 and reader.idle >= tonumber(ARGV[1]) then
    redis.call('XGROUP', 'DELCONSUMER', EVENTS, HISTORY_GROUP, reader.name)
    gone = gone + 1
  end
end
return gone
