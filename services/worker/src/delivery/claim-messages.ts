import { LANES, type Lane, type ProviderName } from "@sms-gateway/contracts";
import { type ClaimedMessage, claimDue, type Database } from "@sms-gateway/db";

/** A message whose attempt is open: this worker may call the provider for it until the lease ends. */
export interface ClaimedAttempt {
  readonly message: ClaimedMessage;
  readonly provider: ProviderName;
  /** On this process's monotonic clock (`performance.now()`), in ms. */
  readonly leaseEndsAtMs: number;
  /** When the message's life ends, on the same clock, as the database sees it. */
  readonly lifeEndsAtMs: number;
}

/**
 * Makes the function that claims due messages of one provider, lane by lane, in turn over clients (architecture.md 5.4).
 * It remembers per lane whose turn was last; that memory is this worker's own.
 */
export function createClaim(db: Database, provider: ProviderName, leaseMs: number) {
  const lastClientIds = new Map<Lane, string | null>(LANES.map((lane) => [lane, null]));

  return async function claim(lane: Lane, slots: number): Promise<ClaimedAttempt[]> {
    // Taken before the database is asked: on this clock the lease can only end earlier than on the database's.
    const askedAtMs = performance.now();
    const afterClientId = lastClientIds.get(lane) ?? null;
    const { messages, lastClientId } = await claimDue(db, { lane, provider, slots, leaseMs, afterClientId });
    lastClientIds.set(lane, lastClientId);
    return messages.map((message) => ({
      message,
      provider,
      leaseEndsAtMs: askedAtMs + leaseMs,
      lifeEndsAtMs: askedAtMs + message.lifeLeftMs,
    }));
  };
}
