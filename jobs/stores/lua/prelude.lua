-- Stands before every script: the clock, the fence, and what is written in the end.
--
-- The key names (QUEUE, JOB, ..) and the histogram bounds (WAIT_BOUNDS, RUN_BOUNDS, in ms) are set before it, from
-- jobs/keys.py and jobs/counters.py. Times are milliseconds since 1970 by Redis' clock, taken once a script.
-- Numbers of 16 digits are written with %.0f: Lua's own form keeps 14. That costs as much as a command, so texts are
-- kept where they can be.

local function text(number) return string.format('%.0f', number) end

local time = NOW()
local now_us = time[1] * 1000000 + time[2]
local now = math.floor(now_us / 1000)
local now_text = text(now)

-- The sorted set of a queue. One of arq's users may be called anything: then its name is `=` and the whole key.
local function entries_of(queue)
  return string.byte(queue) == 61 and string.sub(queue, 2) or QUEUE .. queue
end

-- Writes of many members, one command a key. `flush` before anything reads them -----------------------------------------

local added, removed, deleted = {}, {}, {}

local function add(key, score, id)
  local list = added[key]
  if not list then list = {} added[key] = list end
  list[#list + 1] = score
  list[#list + 1] = id
end

local function remove(key, id)
  local list = removed[key]
  if not list then list = {} removed[key] = list end
  list[#list + 1] = id
end

local function delete(key) deleted[#deleted + 1] = key end

-- Lua unpacks less than 8,000 at once. An even number keeps each score with its id.
local PART = 500
local function part(list, first) return unpack(list, first, math.min(first + PART - 1, #list)) end

local function flush()
  for key, list in pairs(removed) do
    for i = 1, #list, PART do redis.call('ZREM', key, part(list, i)) end
  end
  for key, list in pairs(added) do
    for i = 1, #list, PART do redis.call('ZADD', key, part(list, i)) end
  end
  for i = 1, #deleted, PART do redis.call('DEL', part(deleted, i)) end
  added, removed, deleted = {}, {}, {}
end

local function keyed(prefix, ids)
  local names = {}
  for i = 1, #ids do names[i] = prefix .. ids[i] end
  return names
end

-- Versions --------------------------------------------------------------------------------------------------------------

local version
-- The next number of the one clock that fences and events share: it rises with real time and never repeats.
local function next_version()
  if not version then version = math.max(tonumber(redis.call('GET', FENCE)) or 0, now_us) end
  version = version + 1
  return version
end

-- Counters and events ---------------------------------------------------------------------------------------------------

local tallies = {}
local function tally(job)
  local of_queue = tallies[job.q]
  if not of_queue then of_queue = {} tallies[job.q] = of_queue end
  local found = of_queue[job.t]
  if not found then found = {} of_queue[job.t] = found end
  return found
end

local function count(job, name, amount)
  local found = tally(job)
  found[name] = (found[name] or 0) + (amount or 1)
end

local function index_of(bounds, ms)
  for i = 1, #bounds do
    if ms <= bounds[i] then return i - 1 end
  end
end

local function write_tallies()
  for queue, of_queue in pairs(tallies) do
    for task, found in pairs(of_queue) do
      for name, amount in pairs(found) do
        local kind, last = string.match(name, '^(.-)|(.*)$')
        local field = (kind or name) .. '|' .. queue .. '|' .. task .. (last and '|' .. last or '')
        redis.call('HINCRBY', COUNTERS, field, text(amount))
      end
    end
  end
end

-- The events of a script travel in one entry of the stream: a JSON array of objects. All values are texts, since a
-- version has more digits than Lua's JSON writes.
--
-- Stock clients tell PostgreSQL nothing of their jobs. What a worker tells of one brings the job's row along, for each
-- event of it: those that were told before may not have been written, or have been read by another steward.
local events, rows = {}, {}
local function emit(id, run, v, state, try)
  local event = {id = id, run = run, v = v, state = state, at = now_text, try = try and tostring(try), row = rows[id]}
  events[#events + 1] = event
  return event
end

-- Read the rows that stand at the end of the arguments, from `first` on: id, row.
local function read_rows(first)
  for i = first, #ARGV, 2 do rows[ARGV[i]] = ARGV[i + 1] end
end

local woken = {}
local function wake(queue)
  if woken[queue] then return end
  woken[queue] = true
  if redis.call('LLEN', WAKE .. queue) == 0 then redis.call('LPUSH', WAKE .. queue, '1') end
end
