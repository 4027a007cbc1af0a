import type { Statement } from "./statement.ts";

/** $1 client, $2 number, $3 session, $4 token, $5 how long the token is dead and $6 a session kept, in milliseconds. */
export const DISCARD_OTP_CODE: Statement = {
  name: "discard-otp-code",
  text: "select discard_otp_code($1, $2, $3, $4, $5, $6)",
};
