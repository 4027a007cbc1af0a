import type { Statement } from "./statement.ts";

/** $1 client, $2 name of the reservation, $3 token. */
export const SETTLE_RESERVATION: Statement = {
  name: "settle-reservation",
  text: "select settle_reservation($1, $2, $3)",
};
