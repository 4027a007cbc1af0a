import type { Statement } from "./statement.ts";

/** $1 ids. */
export const REMOVE_PARKED_REPORTS: Statement = {
  name: "remove-parked-reports",
  text: "delete from parked_reports where id = any($1::bigint[])",
};
