import type { Statement } from "./statement.ts";

/** $1 client, $2 number, $3 session or null for the number's newest, $4 hash. */
export const CHECK_OTP_CODE: Statement = {
  name: "check-otp-code",
  text: "select check_otp_code($1, $2, $3, $4) as answer",
};
