/**
 * Lua that opens each script of `Admission`: the layout of a reservation. It is kept as one MessagePack array in one
 * string, about 250 bytes, because a day's worth of them fills Redis (a hash would be twice that once a field is longer
 * than 64 bytes).
 *
 * States: (admit) → pending → (settle) settled, (abandon) abandoned, (release) gone; pending for too long or abandoned →
 * (admit: take-over) pending under a new token; abandoned → (settle: a confirm that came late) settled.
 */
export const RESERVATION_LAYOUT = `
local PENDING, SETTLED, ABANDONED = 'pending', 'settled', 'abandoned'
-- SINCE_MS: when it became pending, by Redis' clock. UNSURE: it was taken over, so the publish of an earlier holder may
-- have happened: it must never be freed again. KEEP_MS: how long it is kept once settled.
local STATE, TOKEN, SINCE_MS, UNSURE, KEEP_MS = 1, 2, 3, 4, 5
local FINGERPRINT, SEED, COUNT, ACCEPTED_AT_MS, DAY, AMOUNT, SIMULATED, MEMO = 6, 7, 8, 9, 10, 11, 12, 13
`;
