-- Look whether this content was last seen on this very server. If not, it may be old: then nothing is claimed for a while,
-- so that a steward can look first.
--
-- ARGV  1 ms
-- Returns 1 where the server is another one, else 0; also where Redis does not say which it is, as managed ones may not.

redis.call('DEL', DOOR)

local function told(section, field)
  local text = redis.pcall('INFO', section)
  return type(text) == 'string' and string.match(text, field .. ':(%x+)')
end

local run, replication = told('server', 'run_id'), told('replication', 'master_replid')
if not (run and replication) then return 0 end
local server = run .. ' ' .. replication
local seen = redis.call('GET', SERVER)
if seen == server then return 0 end
redis.call('SET', SERVER, server)
if not seen then return 0 end
redis.call('SET', HOLD, '1', 'PX', ARGV[1])
return 1
