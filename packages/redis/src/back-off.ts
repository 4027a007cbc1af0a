/**
 * Pause before the next try, in milliseconds: full jitter, so that gateways which lost the same server do not return in
 * step. Its bound doubles with each try, from `firstMs` (`tries` = 0) to `capMs`.
 */
export function backOffMs(tries: number, { firstMs, capMs }: { firstMs: number; capMs: number }): number {
  // 2 ** 30 is far above every cap and keeps the power finite however long the outage.
  return Math.random() * Math.min(capMs, firstMs * 2 ** Math.min(tries, 30));
}
