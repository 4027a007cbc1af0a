import { defineScript } from "../redis-script.ts";
import { OTP_SESSION_LAYOUT } from "./otp-session-layout.ts";

/** A session as it may be shown, without its hash; a script because Redis' clock decides on its status. */
export const READ_OTP_SESSION = defineScript(`${OTP_SESSION_LAYOUT}
-- ARGV: 1 id.
local s = read(ARGV[1])
return s and cjson.encode(viewOf(ARGV[1], s))
`);
