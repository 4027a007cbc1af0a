import type { Statement } from "./statement.ts";

/** $1 client, $2 session. */
export const READ_OTP_SESSION: Statement = {
  name: "read-otp-session",
  text: `
select describe_otp_session(s, statement_timestamp()) as answer
from otp_sessions s
where s.client_id = $1 and s.session_id = $2 and s.gone_at > statement_timestamp()`,
};
