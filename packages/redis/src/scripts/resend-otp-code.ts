import { defineScript } from "../redis-script.ts";
import { OTP_SESSION_LAYOUT } from "./otp-session-layout.ts";

/** Replaces the code of a pending session, unless its number is in the cooldown. */
export const RESEND_OTP_CODE = defineScript(`${OTP_SESSION_LAYOUT}
-- KEYS: 3 the discarded token.
local id, number, token, hash, keepMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

if redis.call('EXISTS', KEYS[3]) == 1 then return answer('discarded') end
local s = read(id)
if not s or s[NUMBER] ~= number then return answer('not_found') end
if s[TOKEN] == token then return answer('renewed', { session = viewOf(id, s) }) end
local status = statusOf(s)
if status == 'verified' then return answer('used') end
if status ~= 'pending' then return answer(status) end
local _, last = newest()
local cooldown = cooldownOf(last)
if cooldown then return cooldown end

s[UNDO] = { s[HASH], s[EXPIRES_MS], s[COOL_MS], s[ORDER] }
s[TOKEN], s[HASH], s[RESENDS] = token, hash, s[RESENDS] + 1
s[EXPIRES_MS], s[COOL_MS], s[ORDER] = nowMs + s[LIFE_MS], nowMs + s[COOLDOWN_MS], last[ORDER] + 1
write(id, s, keepMs)
return answer('renewed', { session = viewOf(id, s) })
`);
