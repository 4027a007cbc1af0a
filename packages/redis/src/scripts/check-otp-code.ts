import { defineScript } from "../redis-script.ts";
import { OTP_SESSION_LAYOUT } from "./otp-session-layout.ts";

/** Compares the hash of a code with that of a session: ends it, or costs it one attempt. */
export const CHECK_OTP_CODE = defineScript(`${OTP_SESSION_LAYOUT}
local ofNewest, id, number, hash = ARGV[1] == '1', ARGV[2], ARGV[3], ARGV[4]
local s
if ofNewest then
  id, s = newest()
else
  s = read(id)
end
if not s or s[NUMBER] ~= number then return answer('not_found') end
local status = statusOf(s)
if status == 'verified' then return answer('already_used') end
if status == 'exhausted' then return answer('too_many_attempts') end
if status == 'expired' then return answer('expired') end
-- Plain equality of two HMACs; why that tells nothing through its time: contracts, OtpSessions.
if s[HASH] == hash then
  -- Its code has arrived, so it was published: nothing of it may be taken back.
  s[VERIFIED], s[UNDO] = true, false
  update(id, s)
  return answer('verified')
end
s[ATTEMPTS] = s[ATTEMPTS] + 1
update(id, s)
return answer('incorrect', { attemptsRemaining = s[ATTEMPTS_MAX] - s[ATTEMPTS] })
`);
