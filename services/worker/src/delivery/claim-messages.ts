import { randomUUID } from "node:crypto";
import { LANES, type Lane, type ProviderName } from "@sms-gateway/contracts";
import { type ClaimedMessage, ClaimLostError, claimDue, type Database } from "@sms-gateway/db";
import type { LaneClaim } from "./dispatch-loop.ts";

/** A message whose attempt is open: this worker may call the provider for it until the lease ends. */
export interface ClaimedAttempt {
  readonly message: ClaimedMessage;
  readonly provider: ProviderName;
  /** Of the provider's circuit when it was claimed. */
  readonly circuitEpoch: number;
  /** On this process's monotonic clock (`performance.now()`), in ms. */
  readonly leaseEndsAtMs: number;
  /** When the message's life ends, on the same clock, as the database sees it. */
  readonly lifeEndsAtMs: number;
}

/**
 * Makes the function that claims due messages of one provider, lane by lane, in turn over clients (architecture.md 5.4).
 * It remembers per lane whose turn was last; that memory is this worker's own.
 *
 * @param onLost told of a claim that has rejected and may have been committed all the same.
 */
export function createClaim(
  db: Database,
  { provider, leaseMs, onLost }: { provider: ProviderName; leaseMs: number; onLost: (claimId: string) => void },
) {
  const lastClientIds = new Map<Lane, string | null>(LANES.map((lane) => [lane, null]));

  return async function claim(lane: Lane, slots: number): Promise<LaneClaim<ClaimedAttempt>> {
    // Taken before the database is asked: on this clock the lease can only end earlier than on the database's.
    const askedAtMs = performance.now();
    const afterClientId = lastClientIds.get(lane) ?? null;
    const claimId = randomUUID();
    const request = { lane, provider, slots, leaseMs, afterClientId, claimId };
    const { messages, lastClientId, waitMs, mayBeMore, circuitEpoch } = await claimDue(db, request).catch(
      (error: unknown) => {
        if (error instanceof ClaimLostError) onLost(claimId);
        throw error;
      },
    );
    lastClientIds.set(lane, lastClientId);
    const claimed = messages.map((message) => ({
      message,
      provider,
      circuitEpoch,
      leaseEndsAtMs: askedAtMs + leaseMs,
      lifeEndsAtMs: askedAtMs + message.lifeLeftMs,
    }));
    return { claimed, waitMs, mayBeMore };
  };
}
