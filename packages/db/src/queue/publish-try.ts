import type { PublishEnding } from "@sms-gateway/contracts";
import { reasonOf, withinMs } from "@sms-gateway/waiting";
import type pg from "pg";
import { sqlStateOf } from "../database-errors.ts";
import { PUBLISH_GROUP } from "../sql/publish-group.ts";

/** One unit of publishing. */
export interface OutgoingGroup {
  readonly queue: string;
  readonly publishId: string;
  readonly envelopes: number;
  readonly body: Buffer;
  /** As JSON; null for what is not counted. */
  readonly stamp: string | null;
}

/**
 * How one insert of one group ended.
 *
 * - `confirmed`: committed. Or the group was there already, by an earlier try.
 * - `refused`: never written to a connection, or answered with an error: it is not there and will not get there.
 * - `unknown`: the connection ended or nobody answered in time: it may be committed, or still be on its way.
 */
export type TryOutcome =
  | { readonly state: "confirmed" }
  | {
      readonly state: "refused";
      readonly reason: "queue_full" | "queue_unreachable";
      readonly why: string;
      /** Whether other connections may do better: this one's server has become a replica, or is gone. */
      readonly isPoolIll: boolean;
    }
  | { readonly state: "unknown"; readonly why: string };

/** An insert takes a few milliseconds; after this the server or the way to it is ill. */
const CONFIRM_LIMIT_MS = 2000;
const DISK_FULL = "53100";

/** Inserts a group with one statement on any connection of the pool, within `limitMs`. Never throws. */
export async function tryPublish(pool: pg.Pool, group: OutgoingGroup, limitMs: number): Promise<TryOutcome> {
  const deadline = performance.now() + limitMs;
  let client: pg.PoolClient;
  try {
    client = await acquire(pool, limitMs);
  } catch (error) {
    // All connections at work is no illness; if they hang, whoever holds one will find out.
    const isPoolIll = pool.totalCount < pool.options.max;
    return { state: "refused", reason: "queue_unreachable", why: reasonOf(error), isPoolIll };
  }
  const leftMs = (): number => Math.max(1, Math.min(CONFIRM_LIMIT_MS, deadline - performance.now()));
  try {
    const { queue, publishId, envelopes, body, stamp } = group;
    const inserting = client.query({ ...PUBLISH_GROUP, values: [queue, publishId, envelopes, body, stamp] });
    await withinMs(leftMs(), "publishing", inserting);
    client.release();
    return { state: "confirmed" };
  } catch (error) {
    const why = reasonOf(error);
    const code = sqlStateOf(error);
    const isCertain = code !== undefined && (await hasSurvived(client, leftMs()));
    // A connection in doubt is destroyed.
    client.release(!isCertain);
    if (!isCertain) return { state: "unknown", why };
    const isFull = code === DISK_FULL;
    return { state: "refused", reason: isFull ? "queue_full" : "queue_unreachable", why, isPoolIll: !isFull };
  }
}

/**
 * Whether the connection outlives the error that it has brought. An error that ends only the statement has rolled it back.
 * One that ends the session or the server (shutdown, no room for the log) may have come after the commit was written, and
 * its code alone does not tell: 53100 is both.
 */
async function hasSurvived(client: pg.PoolClient, limitMs: number): Promise<boolean> {
  try {
    await withinMs(limitMs, "asking after an error", client.query("select 1"));
    return true;
  } catch {
    // Not an answer, which is the answer.
    return false;
  }
}

async function acquire(pool: pg.Pool, limitMs: number): Promise<pg.PoolClient> {
  const connecting = pool.connect();
  try {
    return await withinMs(limitMs, "waiting for a connection", connecting);
  } catch (error) {
    // It may still come. A failure to connect leaves nothing to give back.
    void connecting.then(
      (late) => late.release(),
      () => undefined,
    );
    throw error;
  }
}

/**
 * How a publish ended, from all its tries (one or two of the same group). One commit is enough. But a refusal speaks only
 * for its own try: where the first is in doubt and the second is refused, the first may be committed.
 */
export function foldTries(tries: readonly TryOutcome[]): PublishEnding {
  if (tries.some(({ state }) => state === "confirmed")) return { ending: "confirmed" };
  let refused: PublishEnding | undefined;
  for (const one of tries) {
    if (one.state !== "refused") return { ending: "unconfirmed" };
    refused = { ending: "not_handed_over", reason: one.reason };
  }
  return refused ?? { ending: "not_handed_over", reason: "queue_unreachable" };
}
