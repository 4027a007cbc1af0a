import type { Statement } from "./statement.ts";

/** $1 provider, $2 its ids, $3 message, $4 number of the attempt. Those ids that belong to other attempts. */
export const FIND_FOREIGN_IDS: Statement = {
  name: "find-foreign-ids",
  text: `
select distinct provider_message_id
from attempts
where provider = $1 and provider_message_id = any($2::text[]) and not (message_id = $3::uuid and number = $4::smallint)`,
};
