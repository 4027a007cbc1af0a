import { defineScript } from "../redis-script.ts";
import { RESERVATION_LAYOUT } from "./reservation-layout.ts";

/** Marks a pending reservation as open for the next request, if the token still holds it. */
export const ABANDON = defineScript(`${RESERVATION_LAYOUT}
-- KEYS: 1 reservation. ARGV: 1 token.
local stored = redis.call('GET', KEYS[1])
if not stored then return 0 end
local r = cmsgpack.unpack(stored)
if r[TOKEN] ~= ARGV[1] or r[STATE] ~= PENDING then return 0 end
r[STATE] = ABANDONED
redis.call('SET', KEYS[1], cmsgpack.pack(r), 'KEEPTTL')
return 1
`);
