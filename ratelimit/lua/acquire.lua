-- Charges n token buckets, all or none; or says what would happen, charges them in any case, or gives back.
-- ratelimit/arithmetic.py is its specification.
--
-- KEYS: the buckets, no two the same, each a string `debt:us:unit` with PX: so many units below full at that
--   microsecond, and how many units were a token then. No key is a full bucket.
-- ARGV: 1 what: acquire, peek, charge (never below empty) or refund (never above full)
--   2 the time in us since 1970; empty, as it always is but in tests: Redis' own
--   3.. for each bucket: units of one token, units that come each us, units of a full bucket, units asked for
-- Returns whole numbers: now in us, then for each bucket: tokens left, us until full, us to wait (0 fits, -1 never).
-- Writes nothing where one bucket refuses, but of buckets that were written before the clock stepped back.
--
-- Lua's numbers are exact up to 2^53, and so is the floor or ceiling of a quotient of two such. Its own form of a
-- number keeps 14 digits, hence %.0f.

local WHAT = ARGV[1]

local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

-- debt * new / old, rounded up. The product may be too long, so it is divided bit by bit, highest first.
local function converted(debt, old, new)
  local whole, rest = math.floor(debt / old) * new, debt % old
  local quotient, part, bit = 0, 0, 1
  while bit * 2 <= new do bit = bit * 2 end
  while bit >= 1 do
    quotient, part = quotient * 2, part * 2
    if part >= old then quotient, part = quotient + 1, part - old end
    if new >= bit then
      new, part = new - bit, part + rest
      if part >= old then quotient, part = quotient + 1, part - old end
    end
    bit = bit / 2
  end
  return whole + quotient + (part > 0 and 1 or 0)
end

local kept = redis.call('MGET', unpack(KEYS))
local buckets, refused = {}, false

for i = 1, #KEYS do
  local a = 4 * i - 1
  local unit, rate, capacity, need = tonumber(ARGV[a]), tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
  local debt, at, of = 0, now, unit
  if kept[i] then
    local d, t, u = string.match(kept[i], '^(%d+):(%d+):(%d+)$')
    debt, at, of = tonumber(d), tonumber(t), tonumber(u)
    if of ~= unit then debt = converted(debt, of, unit) end
    debt = math.max(math.min(debt, capacity) - math.max(now - at, 0) * rate, 0)
  end
  local wait = 0
  if WHAT == 'acquire' or WHAT == 'peek' then
    if need > capacity then wait = -1
    else wait = math.max(math.ceil((debt + need - capacity) / rate), 0) end
  end
  refused = refused or wait ~= 0
  buckets[i] = {debt = debt, later = at > now, unit = unit, rate = rate, capacity = capacity, need = need, wait = wait}
end

local answer = {now}
for i, b in ipairs(buckets) do
  if WHAT == 'refund' then b.debt = math.max(b.debt - b.need, 0)
  elseif not refused then b.debt = math.min(b.debt + b.need, b.capacity) end
  local full, at = math.ceil(b.debt / b.rate), #answer
  answer[at + 1], answer[at + 2], answer[at + 3] = math.floor((b.capacity - b.debt) / b.unit), full, b.wait
  -- What was written later than now would not fill until the clock is there again.
  if WHAT ~= 'peek' and (not refused or b.later) then
    if b.debt == 0 then redis.call('DEL', KEYS[i])
    else
      -- Until it is full: rounded up, and once more since Redis counts whole ms from the last one.
      local ttl = string.format('%.0f', math.floor(full / 1000) + 2)
      redis.call('SET', KEYS[i], string.format('%.0f:%.0f:%.0f', b.debt, now, b.unit), 'PX', ttl)
    end
  end
end
return answer
