import type { Statement } from "./statement.ts";

/** $1 most sessions. */
export const DROP_GONE_OTP_SESSIONS: Statement = {
  name: "drop-gone-otp-sessions",
  text: `
delete from otp_sessions where (client_id, session_id) in (
  select client_id, session_id from otp_sessions
  where gone_at <= statement_timestamp()
  order by gone_at
  limit $1::int
  for update skip locked
)
returning session_id`,
};
