import { BOOTSTRAP_CLIENT_ID } from "@sms-gateway/contracts";

/**
 * Which rows an installation has before anybody has used it: what migrations insert and what every worker seeds at its
 * start. An import replaces them. Tables that are not named here are empty until then.
 */
export const SEEDED_ROWS: ReadonlyMap<string, string> = new Map([
  ["directory_version", "true"],
  ["clients", `id = '${BOOTSTRAP_CLIENT_ID}'`],
  // A second one was made by somebody, or by a worker with another BOOTSTRAP_API_KEY.
  ["api_keys", `client_id = '${BOOTSTRAP_CLIENT_ID}' and (select count(*) from api_keys) = 1`],
  ["providers", "true"],
  ["provider_accounts", "true"],
]);
