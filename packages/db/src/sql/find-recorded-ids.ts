import type { Statement } from "./statement.ts";

/** $1 ids, $2 the lowest and $3 the highest of them, so that only their months are looked at. Those that are recorded, as what. */
export const FIND_RECORDED_IDS: Statement = {
  name: "find-recorded-ids",
  text: `
select id, seed, id as message_id from messages where id = any($1::uuid[]) and id between $2::uuid and $3::uuid
union all
select id, seed, message_id from message_aliases where id = any($1::uuid[]) and id between $2::uuid and $3::uuid`,
};
