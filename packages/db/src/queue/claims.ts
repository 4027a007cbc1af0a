import type { BadPart, TakenGroup } from "@sms-gateway/contracts";
import type { ClaimConnection } from "./claim-connection.ts";

/** A part of a claimed group that goes to the dead letters. */
export interface BuriedPart {
  readonly groupId: string;
  readonly part: BadPart;
}

/** What one call of `take` gets, and the rows that it comes from; none when nothing was free. */
export interface Batch<T> {
  readonly ids: readonly string[];
  readonly good: readonly T[];
  readonly groups: readonly TakenGroup[];
  readonly bad: readonly BuriedPart[];
}

/**
 * Rows that a consumer takes from the front of their table. What it claims is locked by its connection's open transaction,
 * and by nothing else: when the connection ends, however that comes, the rows are everybody's again.
 *
 *   idle ──claim──▶ holding ──settle──▶ idle          any ──▶ lost, for good
 *                    │   ▲
 *                    └───┘ relock
 */
export interface Claims<T> {
  readonly connection: ClaimConnection;
  /** Whether a claim may find something. */
  hasAny(): Promise<boolean>;
  /** Claims the oldest free rows, up to so many envelopes together and at least one row; none when none is free. */
  claim(envelopesMax: number): Promise<Batch<T>>;
  /**
   * Holds the same rows in a new transaction, so that none grows old: vacuum can remove nothing in the whole database that
   * died after the oldest one began. @returns whether all of them are still held; where not, all are given back.
   */
  relock(ids: readonly string[]): Promise<boolean>;
  /** Puts the bad parts aside and removes the rows, all or nothing. */
  settle(batch: Batch<T>): Promise<void>;
}

/**
 * Most bytes of bodies in one batch; a single larger row is a batch of its own. With as much again for what is parsed from
 * them, this is what a consumer holds at most: it reads nothing ahead.
 */
export const BATCH_BYTES_MAX = 16 * 1024 * 1024;
