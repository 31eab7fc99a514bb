-- How fast a queue goes: stands after `jobs`, before the scripts that only look.

local LOOK_BACK, LONGEST_GAP = 60, 10

-- How many jobs were started lately, and in how many ms up to now: of the last minute, back to the last ten seconds in
-- which none was, since a queue that had nothing to do was not slow.
local function pace_of(queue)
  local windows, this = {}, math.floor(now / PACE_MS)
  for i = 0, LOOK_BACK do windows[i + 1] = PACE .. queue .. ':' .. text(this - i) end
  local started = redis.call('MGET', unpack(windows))
  local total, first, gap = 0, nil, 0
  for i = 0, LOOK_BACK do
    local amount = tonumber(started[i + 1] or 0)
    gap = amount == 0 and gap + 1 or 0
    if gap > LONGEST_GAP and first then break end
    if amount > 0 then total, first = total + amount, this - i end
  end
  return total, first and now - first * PACE_MS or 0
end
