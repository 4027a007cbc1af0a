import { FIND_IDEMPOTENCY_KEYS } from "../sql/find-idempotency-keys.ts";
import { RECORD_IDEMPOTENCY_KEYS } from "../sql/record-idempotency-keys.ts";
import { runStatement, type Transaction } from "../transaction.ts";
import type { RequestKey, RequestRows } from "./request-rows.ts";

/** A request that came with a key. */
export type KeyedRequest = RequestRows & { readonly key: RequestKey };

/** The request that a key stands for. */
export interface KeyOwner {
  readonly clientId: string;
  readonly seed: string;
  readonly fingerprint: string;
  /** Null for keys of older versions. */
  readonly acceptedAt: Date | null;
  readonly expiresAt: Date;
}

/**
 * Two gateways' clocks may differ by this much, in ms. A key that is over within it counts as over: a repetition in its
 * last seconds might become a message of its own, and only if the admission has forgotten it as well, while the other way
 * round a new message that was accepted by a clock that is behind would never be sent.
 */
const CLOCK_DIFFERENCE_MS = 5_000;

/**
 * Takes the keys of these requests, one request per key, where they are free; answers the owner of each, by `keyName`. The
 * rows stay locked to the end of the transaction.
 */
export async function takeKeys(tx: Transaction, candidates: readonly KeyedRequest[]): Promise<Map<string, KeyOwner>> {
  const keys = candidates.map(({ clientId, seed, key }) => ({
    client_id: clientId,
    key_hash: key.hash,
    seed,
    fingerprint: key.fingerprint,
    accepted_at: key.acceptedAt,
    expires_at: key.expiresAt,
  }));
  const taken = await runStatement<KeyRow>(tx, RECORD_IDEMPOTENCY_KEYS, [JSON.stringify(keys), CLOCK_DIFFERENCE_MS]);
  const owners = new Map(taken.map((row) => [keyName(row.client_id, row.key_hash), toOwner(row)]));
  const others = keys.filter((key) => !owners.has(keyName(key.client_id, key.key_hash)));
  if (others.length > 0) {
    for (const row of await runStatement<KeyRow>(tx, FIND_IDEMPOTENCY_KEYS, [JSON.stringify(others)])) {
      owners.set(keyName(row.client_id, row.key_hash), toOwner(row));
    }
  }
  return owners;
}

function toOwner(row: KeyRow): KeyOwner {
  return {
    clientId: row.client_id,
    seed: row.seed,
    fingerprint: row.fingerprint,
    acceptedAt: row.accepted_at,
    expiresAt: row.expires_at,
  };
}

/** Names a key; hashes of two clients have nothing to do with each other. */
export function keyName(clientId: string, hash: string): string {
  return `${clientId.toLowerCase()} ${hash}`;
}

/** Whether the life of one was over when the other was accepted. */
export function isOver(
  { expiresAt }: { readonly expiresAt: Date },
  { acceptedAt }: { readonly acceptedAt: Date | null },
): boolean {
  return acceptedAt !== null && expiresAt.getTime() - CLOCK_DIFFERENCE_MS <= acceptedAt.getTime();
}

interface KeyRow {
  client_id: string;
  key_hash: string;
  seed: string;
  fingerprint: string;
  accepted_at: Date | null;
  expires_at: Date;
}
