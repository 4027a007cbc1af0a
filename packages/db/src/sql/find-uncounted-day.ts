import type { Statement } from "./statement.ts";

/** $1 the day, $2 milliseconds. A row when something of it was announced and it was not counted for that long. */
export const FIND_UNCOUNTED_DAY: Statement = {
  name: "find-uncounted-day",
  text: `
select day from accounting_days
where day = $1::date
  and (counted_at is null or counted_at <= statement_timestamp() - $2::float8 * interval '1 millisecond')`,
};
