import type { Statement } from "./statement.ts";

/** $1 provider. No row when it may not be claimed for; else claims for it are one at a time until the commit. */
export const LOCK_PROVIDER: Statement = {
  name: "lock-provider",
  text: "select name from providers where name = $1 and enabled and not paused for no key update",
};
