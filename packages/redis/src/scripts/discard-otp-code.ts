import { defineScript } from "../redis-script.ts";
import { OTP_SESSION_LAYOUT } from "./otp-session-layout.ts";

/** Takes back a create or a resend, if the token still holds the session; the token is dead in any case. */
export const DISCARD_OTP_CODE = defineScript(`${OTP_SESSION_LAYOUT}
-- KEYS: 3 the discarded token.
local id, number, token = ARGV[1], ARGV[2], ARGV[3]
local deadForMs, keepMs = tonumber(ARGV[4]), tonumber(ARGV[5])

redis.call('SET', KEYS[3], '1', 'PX', deadForMs)
local s = read(id)
if not s or s[NUMBER] ~= number or s[TOKEN] ~= token or not s[UNDO] then return 0 end
if #s[UNDO] == 0 then
  redis.call('DEL', KEYS[1] .. id)
  redis.call('ZREM', KEYS[2], id)
  return 1
end
local before = s[UNDO]
s[HASH], s[EXPIRES_MS], s[COOL_MS], s[ORDER] =
  before[UNDO_HASH], before[UNDO_EXPIRES_MS], before[UNDO_COOL_MS], before[UNDO_ORDER]
s[RESENDS], s[TOKEN], s[UNDO] = s[RESENDS] - 1, '', false
write(id, s, keepMs)
return 1
`);
