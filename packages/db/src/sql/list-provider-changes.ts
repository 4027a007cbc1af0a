import type { Statement } from "./statement.ts";

/** $1 provider, $2 most changes. The latest first. */
export const LIST_PROVIDER_CHANGES: Statement = {
  name: "list-provider-changes",
  text: `
select provider, at, from_state, to_state, reason, detail
from provider_changes
where provider = $1
order by id desc
limit $2::int`,
};
