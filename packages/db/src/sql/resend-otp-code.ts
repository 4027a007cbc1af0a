import type { Statement } from "./statement.ts";

/** $1 client, $2 number, $3 session, $4 token, $5 hash, $6 how long the session is kept once expired, in milliseconds. */
export const RESEND_OTP_CODE: Statement = {
  name: "resend-otp-code",
  text: "select resend_otp_code($1, $2, $3, $4, $5, $6) as answer",
};
