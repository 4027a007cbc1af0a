import type { Statement } from "./statement.ts";

/** $1 the day, $2 the difference that was found. */
export const COUNT_ACCOUNTING_DAY: Statement = {
  name: "count-accounting-day",
  text: "update accounting_days set difference = $2::bigint, counted_at = statement_timestamp() where day = $1::date",
};
