import { defineScript } from "../redis-script.ts";
import { RESERVATION_LAYOUT } from "./reservation-layout.ts";

/**
 * The whole admission of one request in one atomic step (architecture.md 5.1). Rates are GCRA: each has a debt in
 * microseconds that a request raises by period / limit, that time pays off, and that may reach one period; so `limit`
 * requests pass at once and then one per period / limit.
 */
export const ADMIT = defineScript(`${RESERVATION_LAYOUT}
-- KEYS: 1 reservation, 2 rates, 3 quota counter of the day, 4 fence of the token.
local token, seed, fingerprint, count = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local limits = { tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]) }
local quota, day, dayEndsAtMs = tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10])
local acceptedAtMs, simulated, memo = tonumber(ARGV[11]), tonumber(ARGV[12]), ARGV[13]
local keepMs, refused, takeOverAfterMs = math.max(1, tonumber(ARGV[14])), ARGV[15] == '1', tonumber(ARGV[16])

local NAMES = { 'per_second', 'per_minute', 'per_hour' }
local PERIODS_US = { 1e6, 6e7, 3.6e9 }
-- Relative; far above the rounding of a full hour's sum, far below one request.
local ROUNDING = 1e-9
-- Counters outlive their day, so that a late release finds the one it was charged to.
local QUOTA_KEEP_MS = 48 * 3600 * 1000

-- The only clock for ages and rates: gateways' clocks differ.
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local nowUs = time[1] * 1e6 + time[2]

local stored = redis.call('MGET', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
local used = tonumber(stored[3]) or 0

local debtsUs = { 0, 0, 0 }

local function writeDebts()
  local longestUs = math.max(debtsUs[1], debtsUs[2], debtsUs[3])
  if longestUs == 0 then return end
  local rates = cmsgpack.pack({ nowUs, debtsUs[1], debtsUs[2], debtsUs[3] })
  redis.call('SET', KEYS[2], rates, 'PX', math.max(1, math.ceil(longestUs / 1000)))
end

if stored[2] then
  local rates = cmsgpack.unpack(stored[2])
  local passedUs = nowUs - rates[1]
  for i = 1, 3 do debtsUs[i] = math.max(0, rates[i + 1] - math.max(0, passedUs)) end
  -- The clock was set back: the debts count from now on. Written before anything is decided, for a refusal writes
  -- nothing: they would stand still, and every request be refused, until the clock is there again.
  if passedUs < 0 then writeDebts() end
end

local function limitStates()
  local states = {}
  for i = 1, 3 do
    if limits[i] > 0 then
      local left = (PERIODS_US[i] - debtsUs[i]) * limits[i] / PERIODS_US[i]
      local remaining = math.max(0, math.floor(left * (1 + ROUNDING) + ROUNDING))
      states[#states + 1] = { NAMES[i], limits[i], remaining, math.ceil(debtsUs[i] / 1e6) }
    end
  end
  if quota > 0 then
    local resetS = 0
    if used > 0 then resetS = math.max(1, math.ceil((dayEndsAtMs - nowMs) / 1000)) end
    states[#states + 1] = { 'daily_quota', quota, math.max(0, quota - used), resetS }
  end
  return states
end

local function contentOf(r)
  return { r[SEED], r[TOKEN], r[FINGERPRINT], r[COUNT], r[ACCEPTED_AT_MS], r[DAY], r[AMOUNT], r[SIMULATED], r[MEMO] }
end

local function admitted(r)
  return { 'admitted', contentOf(r), r[UNSURE] and 1 or 0, limitStates() }
end

-- Released before it arrived here: whoever sent it has given up. Reserving now would charge for nothing.
if stored[4] then return { 'in_progress' } end

-- 1. A stored answer: costs neither rate nor quota.
if stored[1] then
  local r = cmsgpack.unpack(stored[1])
  if r[FINGERPRINT] ~= fingerprint then return { 'key_reused' } end
  if r[STATE] == SETTLED then return { 'replay', contentOf(r) } end
  if r[STATE] == PENDING and r[TOKEN] == token then return admitted(r) end
  if r[STATE] == PENDING and nowMs - r[SINCE_MS] < takeOverAfterMs then return { 'in_progress' } end
  -- Take-over: a new holder; ids, time, charged day and amount stay as they are.
  r[STATE], r[TOKEN], r[SINCE_MS], r[UNSURE], r[KEEP_MS] = PENDING, token, nowMs, true, keepMs
  redis.call('SET', KEYS[1], cmsgpack.pack(r), 'PX', keepMs)
  return admitted(r)
end

-- 2. A refusal that was computed beforehand.
if refused then return { 'refused' } end

-- 3. Rates: all or none. The longest wait is named, because only after that one a retry can pass.
local refusing, waitUs = nil, 0
for i = 1, 3 do
  if limits[i] > 0 then
    local overUs = debtsUs[i] + PERIODS_US[i] / limits[i] - PERIODS_US[i]
    if overUs > PERIODS_US[i] * ROUNDING and overUs > waitUs then refusing, waitUs = i, overUs end
  end
end
if refusing then
  return { 'limited', NAMES[refusing], math.max(1, math.ceil(waitUs / 1e6)), limitStates() }
end

-- 4. Quota: whole or not at all.
if quota > 0 and used + count > quota then
  return { 'limited', 'daily_quota', math.max(1, math.ceil((dayEndsAtMs - nowMs) / 1000)), limitStates() }
end

-- 5. Charge and reserve. The quota counts for unlimited clients too: a limit set at noon knows the morning.
for i = 1, 3 do
  if limits[i] > 0 then debtsUs[i] = debtsUs[i] + PERIODS_US[i] / limits[i] end
end
writeDebts()
used = redis.call('INCRBY', KEYS[3], count)
if used == count then redis.call('PEXPIREAT', KEYS[3], dayEndsAtMs + QUOTA_KEEP_MS) end
-- Kept for as long as the answer would be: if its gateway dies now, ids that may be in the queue are not freed.
local r = { PENDING, token, nowMs, false, keepMs, fingerprint, seed, count, acceptedAtMs, day, count, simulated, memo }
redis.call('SET', KEYS[1], cmsgpack.pack(r), 'PX', keepMs)
return admitted(r)
`);
