/**
 * Lua that opens each script of `OtpSessions`: the clock, the layout of a session (one MessagePack array in one string)
 * and how to find it. Two kinds of keys, in one slot:
 *
 * - one per session, which Redis drops when the session is gone;
 * - one sorted set per number: session ids by the order in which their newest codes were sent. The highest that is still
 *   there is the newest session, whose cooldown is the number's.
 *
 * States: (create) pending → (check: right) verified, (check: wrong, the last) exhausted, (time) expired; pending →
 * (resend) pending with another code; any → (time, or the create is discarded) gone.
 */
export const OTP_SESSION_LAYOUT = `
-- KEYS of every script: 1 sessions without the id, 2 the number's sessions.
local TOKEN, NUMBER, HASH, LIFE_MS, COOLDOWN_MS, ATTEMPTS_MAX, MEMO = 1, 2, 3, 4, 5, 6, 7
local CREATED_MS, EXPIRES_MS, COOL_MS, ORDER, ATTEMPTS, RESENDS, VERIFIED = 8, 9, 10, 11, 12, 13, 14
-- UNDO: what a discard restores: false for nothing, an empty array to remove the session, else the code before.
local UNDO = 15
local UNDO_HASH, UNDO_EXPIRES_MS, UNDO_COOL_MS, UNDO_ORDER = 1, 2, 3, 4

-- The only clock: gateways' clocks differ.
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)

local function read(id)
  local stored = redis.call('GET', KEYS[1] .. id)
  return stored and cmsgpack.unpack(stored)
end

-- Also gives the session its end, and the set an end that is not before it.
local function write(id, s, keepMs)
  local leftMs = math.max(1, s[EXPIRES_MS] + keepMs - nowMs)
  redis.call('SET', KEYS[1] .. id, cmsgpack.pack(s), 'PX', leftMs)
  redis.call('ZADD', KEYS[2], s[ORDER], id)
  redis.call('PEXPIRE', KEYS[2], math.max(leftMs, redis.call('PTTL', KEYS[2])))
end

-- For what changes neither its end nor its place.
local function update(id, s)
  redis.call('SET', KEYS[1] .. id, cmsgpack.pack(s), 'KEEPTTL')
end

-- Each turn removes an id whose session is gone, so that all turns together are as many as there were creates.
local function newest()
  for _ = 1, redis.call('ZCARD', KEYS[2]) do
    local id = redis.call('ZREVRANGE', KEYS[2], 0, 0)[1]
    local s = read(id)
    if s then return id, s end
    redis.call('ZREM', KEYS[2], id)
  end
end

local function statusOf(s)
  if s[VERIFIED] then return 'verified' end
  if s[ATTEMPTS] >= s[ATTEMPTS_MAX] then return 'exhausted' end
  if s[EXPIRES_MS] <= nowMs then return 'expired' end
  return 'pending'
end

local function answer(outcome, facts)
  local a = facts or {}
  a.outcome = outcome
  return cjson.encode(a)
end

local function viewOf(id, s)
  return {
    sessionId = id, phoneNumber = s[NUMBER], status = statusOf(s), attempts = s[ATTEMPTS], attemptsMax = s[ATTEMPTS_MAX],
    resends = s[RESENDS], createdAtMs = s[CREATED_MS], expiresAtMs = s[EXPIRES_MS], resendAvailableAtMs = s[COOL_MS],
    memo = s[MEMO]
  }
end

local function cooldownOf(s)
  if not s or s[COOL_MS] <= nowMs then return nil end
  return answer('cooldown', { retryAfterS = math.max(1, math.ceil((s[COOL_MS] - nowMs) / 1000)) })
end
`;
