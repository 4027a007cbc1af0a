import type { Statement } from "./statement.ts";

/** $1 provider, $2 its id. A provider that used an id twice means the newer message. */
export const FIND_ATTEMPT_BY_PROVIDER_MESSAGE_ID: Statement = {
  name: "find-attempt-by-provider-message-id",
  text: `
select message_id, number, account
from attempts
where provider = $1 and provider_message_id = $2
order by message_id desc, number desc
limit 1`,
};
