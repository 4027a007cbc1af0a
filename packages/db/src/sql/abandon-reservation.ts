import type { Statement } from "./statement.ts";

/** $1 client, $2 name of the reservation, $3 token. */
export const ABANDON_RESERVATION: Statement = {
  name: "abandon-reservation",
  text: "select abandon_reservation($1, $2, $3)",
};
