import type { Statement } from "./statement.ts";

/**
 * $1 client, $2 number, $3 session, $4 token, $5 hash, $6 life in milliseconds, $7 most attempts, $8 cooldown and $9 memo,
 * $10 how long it is kept once expired.
 */
export const CREATE_OTP_SESSION: Statement = {
  name: "create-otp-session",
  text: "select create_otp_session($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as answer",
};
