import type { BackOff } from "@sms-gateway/waiting";

/**
 * Reconnecting. Full jitter spreads the gateways and workers that lose the broker at the same moment. The cap is small,
 * because a publish in doubt has only 5 s for its second try, and one connect every 2 s and process burdens no broker.
 *
 *   failures   1      2      3      4      5       6 and more
 *   wait up to 100 ms 200 ms 400 ms 800 ms 1600 ms 2000 ms
 */
export const RECONNECT: BackOff = { firstMs: 100, capMs: 2000 };

/**
 * Handing a batch over again after `take` has failed: mostly the database is away. One consumer retries alone, so its
 * pause needs no full jitter; half of it keeps several workers apart.
 *
 *   failures     1        2      3      4      5 and more
 *   wait         0.5–1 s  1–2 s  2–4 s  4–8 s  5–10 s
 */
export const RETAKE: BackOff = { firstMs: 1000, capMs: 10_000 };
