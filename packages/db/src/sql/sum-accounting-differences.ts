import type { Statement } from "./statement.ts";

/** $1 days. How many messages of them are unaccounted for, as of when each was counted last. */
export const SUM_ACCOUNTING_DIFFERENCES: Statement = {
  name: "sum-accounting-differences",
  text: "select coalesce(sum(difference), 0) as difference from accounting_days where day = any($1::date[])",
};
