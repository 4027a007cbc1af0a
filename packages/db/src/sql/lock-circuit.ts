import type { Statement } from "./statement.ts";

/** $1 provider. Changes of its circuit are one at a time until the commit, and never beside a claim. */
export const LOCK_CIRCUIT: Statement = {
  name: "lock-circuit",
  text: "select name from providers where name = $1 for no key update",
};
