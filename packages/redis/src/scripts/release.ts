import { defineScript } from "../redis-script.ts";
import { RESERVATION_LAYOUT } from "./reservation-layout.ts";

/**
 * Takes back a pending reservation, if the token still holds it: credits the day that was charged and frees the key. One
 * that was taken over is abandoned instead, because an earlier holder's publish may have happened.
 *
 * Where the token holds nothing, it is fenced: after a lost answer the release may overtake its own `admit`, which may
 * still lie in a buffer of a frozen server and must then reserve nothing.
 */
export const RELEASE = defineScript(`${RESERVATION_LAYOUT}
-- KEYS: 1 reservation, 2 quota counters without the day (same slot), 3 fence of the token. ARGV: 1 token.
-- Far above the time that a broken connection's last bytes may still be under way.
local FENCE_KEEP_MS = 600000
local stored = redis.call('GET', KEYS[1])
local r = stored and cmsgpack.unpack(stored)
if not r or r[TOKEN] ~= ARGV[1] then
  redis.call('SET', KEYS[3], '1', 'PX', FENCE_KEEP_MS)
  return 0
end
if r[STATE] ~= PENDING then return 0 end
if r[UNSURE] then
  r[STATE] = ABANDONED
  redis.call('SET', KEYS[1], cmsgpack.pack(r), 'KEEPTTL')
  return 0
end
-- Only while that day's counter exists, and never below zero: a counter must not come back without its end.
local counter = KEYS[2] .. r[DAY]
local used = tonumber(redis.call('GET', counter) or 0)
if used > 0 then redis.call('DECRBY', counter, math.min(used, r[AMOUNT])) end
redis.call('DEL', KEYS[1])
return 1
`);
