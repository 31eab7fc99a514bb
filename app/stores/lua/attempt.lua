-- Counts an attempt to log in, unless the pause after the former ones is not over. Each attempt doubles the pause.
--
-- KEYS  1 hash of the name: `count`, `open_ms` (Redis' clock) before which no further attempt counts
-- ARGV  1 attempts without a pause  2 longest pause in ms  3 ms after which all is forgotten
-- Returns ms still to wait; 0: the attempt was counted

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'count', 'open_ms')
local count, open_ms = tonumber(kept[1] or 0), tonumber(kept[2] or 0)
if open_ms > now_ms then return math.min(open_ms - now_ms, tonumber(ARGV[2])) end
count = count + 1
local over = count - tonumber(ARGV[1])
local pause_ms = over < 0 and 0 or math.min(1000 * 2 ^ math.min(over, 30), tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'count', count, 'open_ms', string.format('%.0f', now_ms + pause_ms))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 0
