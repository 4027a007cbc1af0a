import type { Statement } from "./statement.ts";

/** $1 client, $2 name of the reservation, $3 token. */
export const RELEASE_RESERVATION: Statement = {
  name: "release-reservation",
  text: "select release_reservation($1, $2, $3)",
};
