import type { Statement } from "./statement.ts";

/**
 * $1 client, $2 name of the reservation, $3 token, $4 seed, $5 fingerprint, $6 count, $7 accepted at, $8 simulated,
 * $9 memo, $10 how long it is kept (ms), $11 rates per second, minute and hour, $12 quota, $13 day, $14 its end,
 * $15 refused, $16 age of a take-over (ms).
 */
export const ADMIT_REQUEST: Statement = {
  name: "admit-request",
  text: "select * from admit_request($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
};
