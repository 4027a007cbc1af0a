import { defineScript } from "../redis-script.ts";
import { RESERVATION_LAYOUT } from "./reservation-layout.ts";

/** Fixes the answer of a reservation, if the token still holds it. Also after an abandon: the confirm came late. */
export const SETTLE = defineScript(`${RESERVATION_LAYOUT}
-- KEYS: 1 reservation. ARGV: 1 token.
local stored = redis.call('GET', KEYS[1])
if not stored then return 0 end
local r = cmsgpack.unpack(stored)
if r[TOKEN] ~= ARGV[1] or r[STATE] == SETTLED then return 0 end
r[STATE] = SETTLED
redis.call('SET', KEYS[1], cmsgpack.pack(r), 'PX', r[KEEP_MS])
return 1
`);
