import { defineScript } from "../redis-script.ts";
import { OTP_SESSION_LAYOUT } from "./otp-session-layout.ts";

/**
 * Makes a session, unless its number is in the cooldown; an id that exists is answered as it is, and one of another
 * number's with nothing.
 */
export const CREATE_OTP_SESSION = defineScript(`${OTP_SESSION_LAYOUT}
-- KEYS: 3 the discarded token.
local id, number, token, hash, memo = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local lifeMs, attemptsMax, cooldownMs, keepMs = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
-- One create adds one id to the set; looking at more than one at its old end keeps it near those that are there.
local SWEPT = 4

if redis.call('EXISTS', KEYS[3]) == 1 then return answer('discarded') end

local s = read(id)
local isOfAnother = s and s[NUMBER] ~= number
if s and not isOfAnother then
  local takenOver = s[TOKEN] ~= token
  if takenOver then
    s[TOKEN], s[UNDO] = token, false
    update(id, s)
  end
  return answer('created', { session = viewOf(id, s), takenOver = takenOver })
end

local _, last = newest()
local cooldown = cooldownOf(last)
if cooldown then return cooldown end
if isOfAnother then return nil end

for _, old in ipairs(redis.call('ZRANGE', KEYS[2], 0, SWEPT - 1)) do
  if redis.call('EXISTS', KEYS[1] .. old) == 0 then redis.call('ZREM', KEYS[2], old) end
end
local order = last and last[ORDER] + 1 or 1
s = {
  token, number, hash, lifeMs, cooldownMs, attemptsMax, memo,
  nowMs, nowMs + lifeMs, nowMs + cooldownMs, order, 0, 0, false, {}
}
write(id, s, keepMs)
return answer('created', { session = viewOf(id, s), takenOver = false })
`);
