import { defineScript } from "../redis-script.ts";

/** Publishes a directory unless the same or a newer version is there. */
export const PUBLISH_DIRECTORY = defineScript(`
-- KEYS: 1 version, 2 snapshot. ARGV: 1 version, 2 snapshot as JSON.
local version = tonumber(redis.call('GET', KEYS[1]))
-- Without its snapshot a version says nothing: after a flush or a partial loss the next publisher repairs it.
if version and version >= tonumber(ARGV[1]) and redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('SET', KEYS[1], ARGV[1])
return 1
`);
