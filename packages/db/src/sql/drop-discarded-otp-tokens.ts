import type { Statement } from "./statement.ts";

/** $1 most tokens. */
export const DROP_DISCARDED_OTP_TOKENS: Statement = {
  name: "drop-discarded-otp-tokens",
  text: `
delete from otp_discarded_tokens where (client_id, token) in (
  select client_id, token from otp_discarded_tokens
  where dead_until <= statement_timestamp()
  order by dead_until
  limit $1::int
  for update skip locked
)
returning token`,
};
