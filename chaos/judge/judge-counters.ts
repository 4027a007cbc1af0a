import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { AccountingView, MissingBatchView } from "@sms-gateway/contracts";
import { PROBE_PREFIX } from "../load/probe.ts";
import type { ClientRequest } from "../load/run-clients.ts";
import { COUNTED_QUOTA } from "../world/make-keys.ts";
import type { WorldFace } from "../world/world.ts";
import { readJson } from "./read-evidence.ts";

/** How much of the counted client's quota is used, and how much may be by what its clients were told. */
export interface QuotaCount {
  readonly used: number;
  /** Promised messages. */
  readonly atLeast: number;
  /** Those, and all of which nobody knows. */
  readonly atMost: number;
}

/** The books of the days of a run. */
export interface Books {
  readonly balanced: boolean;
  /** Of what has arrived, without what is missing: 0, or a fault. */
  readonly difference: number;
  readonly missing: readonly MissingBatchView[];
  readonly text: string;
}

/** What becomes known in batches, is summed up in batches; a group is missing after `ACCOUNTING_LOST_AFTER_S`. */
const BALANCED_WITHIN_MS = 60_000;
const ANSWER_TIMEOUT_MS = 20_000;
const PAUSE_MS = 1_000;
const TRIES_MAX = 10;
const ACCEPTED = 202;
const DAY_MS = 24 * 3600 * 1000;
const REMAINING = /"daily_quota";r=(\d+)/;

/**
 * Sends one more message, whose answer tells what is left. Undefined when a new day has begun since the run did.
 * @throws Error when no answer tells it, however often it is asked
 */
export async function countQuota(
  world: Pick<WorldFace, "gatewayUrls" | "keys">,
  requests: readonly ClientRequest[],
  startedAtMs: number,
): Promise<QuotaCount | undefined> {
  const { left, asked } = await askWhatIsLeft(world);
  if (Math.floor(Date.now() / DAY_MS) !== Math.floor(startedAtMs / DAY_MS)) return undefined;
  const counted = requests.filter(({ plan }) => plan.tenant === "counted");
  const atLeast = counted.reduce((sum, { promised }) => sum + promised.length, 0);
  const unsure = counted.filter(({ promised, maybeTaken }) => promised.length === 0 && maybeTaken > 0);
  const atMost = atLeast + unsure.reduce((sum, { plan }) => sum + plan.numbers.length, 0);
  // Less those that asked.
  return { used: COUNTED_QUOTA - left - asked, atLeast, atMost };
}

/**
 * What is left of the counted client's quota, and how many messages it took to learn that. A machine may stand still for a
 * moment, so it is asked several times: with the same key until that is a message, and once more when it was one already, since
 * a replayed answer does not tell.
 */
async function askWhatIsLeft({
  gatewayUrls,
  keys,
}: Pick<WorldFace, "gatewayUrls" | "keys">): Promise<{ left: number; asked: number }> {
  const body = JSON.stringify({ to: `${PROBE_PREFIX}999999999`, message: "How much is left?" });
  let [idempotencyKey, asked, status] = [randomUUID(), 0, 0];
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const response = await fetch(`${gatewayUrls[0]}/api/v1/sms/send`, {
      method: "POST",
      headers: { "api-key": keys.counted, "content-type": "application/json", "idempotency-key": idempotencyKey },
      body,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    status = response.status;
    if (status === ACCEPTED) {
      asked += 1;
      const [, left] = REMAINING.exec(response.headers.get("ratelimit") ?? "") ?? [];
      if (left !== undefined) return { left: Number(left), asked };
      idempotencyKey = randomUUID();
    }
    await delay(PAUSE_MS);
  }
  throw new Error(`the answer (${status}) does not tell what is left of the quota`);
}

/** Reads the accounting until it balances, or the time for that is over. */
export async function readBooks(world: WorldFace, startedAtMs: number): Promise<Books> {
  const endsAtMs = performance.now() + BALANCED_WITHIN_MS;
  for (;;) {
    const days = await Promise.all(
      listDays(startedAtMs).map((date) =>
        readJson<AccountingView>(world, `/api/v1/admin/accounting?date=${date}`, world.keys.admin),
      ),
    );
    const balanced = days.every((day) => day.balanced);
    const missing = days.flatMap((day) => day.missing_batches);
    const difference = days.reduce((sum, day) => sum + Math.abs(day.difference), 0);
    if (balanced || performance.now() >= endsAtMs) return { balanced, difference, missing, text: JSON.stringify(days) };
    await delay(PAUSE_MS);
  }
}

function listDays(startedAtMs: number): string[] {
  const days = new Set([startedAtMs, Date.now()].map((ms) => new Date(ms).toISOString().slice(0, 10)));
  return [...days];
}
