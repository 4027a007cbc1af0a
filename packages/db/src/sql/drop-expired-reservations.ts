import type { Statement } from "./statement.ts";

/** $1 most rows. The first condition finds them by the index, the second one spares those that were settled late. */
export const DROP_EXPIRED_RESERVATIONS: Statement = {
  name: "drop-expired-reservations",
  text: `
delete from admission_reservations where (client_id, name) in (
  select client_id, name from admission_reservations
  where drop_after <= statement_timestamp() and expires_at <= statement_timestamp()
  order by drop_after
  limit $1::int
  for update skip locked
)
returning 1`,
};
