import type { Statement } from "./statement.ts";

/** $1 the boot id, $2 the lane, $3 gaps as JSON, of a mark that this transaction has locked. */
export const KEEP_GAPS: Statement = {
  name: "keep-gaps",
  text: "update accepted_marks set gaps = $3::jsonb where boot_id = $1 and lane = $2::smallint",
};
