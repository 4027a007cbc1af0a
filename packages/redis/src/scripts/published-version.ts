import { defineScript } from "../redis-script.ts";

/** The published version, unless its snapshot is gone: after a partial loss nothing is published, and may be again. */
export const PUBLISHED_VERSION = defineScript(`
-- KEYS: 1 version, 2 snapshot.
if redis.call('EXISTS', KEYS[2]) == 0 then return false end
return redis.call('GET', KEYS[1])
`);
