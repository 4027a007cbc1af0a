import { createHash } from "node:crypto";

/** A Lua script and the name under which Redis keeps it. */
export interface RedisScript {
  readonly lua: string;
  readonly sha1: string;
}

/** Names a script as Redis does: by the SHA-1 of its text. */
export function defineScript(lua: string): RedisScript {
  return { lua, sha1: createHash("sha1").update(lua).digest("hex") };
}
