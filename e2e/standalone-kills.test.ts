import { waitFor } from "@sms-gateway/testkit";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { callHttp, textOf } from "./harness/http-calls.ts";
import { mapInTurns } from "./harness/in-turns.ts";
import { countBy, isDeliveredOrUntold } from "./harness/judge.ts";
import { type SentRequest, startLoad } from "./harness/load.ts";
import { showLogs } from "./harness/product-face.ts";
import { type Standalone, startStandalone } from "./harness/standalone.ts";

const PER_SECOND = 25;
const KILLS = 20;
const RECOVERS_WITHIN_MS = 60_000;
/** From the last acceptance until the worker has ended whatever was left open: the life given, and its sweeps. */
const LIFE_S = 90;
const ENDED_WITHIN_MS = LIFE_S * 1_000 + 60_000;
/** `untold`: delivered, and its report came while nobody could take it. */
const EXPLAINED = ["delivered", "untold", "unknown", "expired"];
const FINAL = ["delivered", "undelivered", "failed", "expired", "canceled", "rejected", "unknown"];

/** When nobody could take reports, as wall clock in ms. */
interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

let product: Standalone;
beforeAll(async () => {
  // Attempts that a kill leaves open end soon, and are too few to use up the slots of their provider.
  product = await startStandalone({ settings: { SUBMIT_TIMEOUT_MS: "1000", PROVIDER_MAX_IN_FLIGHT: "200" } });
});
afterAll(() => product.stop());
afterEach(({ task }) => {
  if (task.result?.state === "fail") showLogs(product);
});

test("the standalone process killed by kill -9 twenty times under load: every 202 reaches an end, no text arrives twice", async () => {
  const load = startLoad(product, PER_SECOND, { fields: { ttl_seconds: LIFE_S } });
  const outages: Outage[] = [];
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await waitFor(async () => (await countAttempts(product)) >= 5, {
      what: "some attempts to have been made",
      timeoutMs: RECOVERS_WITHIN_MS,
    });
    const fromMs = Date.now();
    await product.standalone.kill();
    await product.standalone.start();
    outages.push({ fromMs, toMs: Date.now() });
  }
  const sent = await load.stop();
  const unanswered = sent.filter(({ answer }) => answer.status !== 202);
  // Good clients ask again with the same key; every other one gives up.
  const repeated = await mapInTurns(
    unanswered.filter((_, index) => index % 2 === 0),
    8,
    (request) => repeatUntilAccepted(product, request),
  );
  const promised = [...sent.filter(({ answer }) => answer.status === 202), ...repeated];
  expect(promised.length).toBeGreaterThan(KILLS * PER_SECOND * 0.2);
  const ends = await waitForEnds(product, promised, outages);
  // A kill costs a known end only where it met an open attempt; a machine that is slow may also let some lives end.
  const { delivered, unknown = 0, expired = 0 } = ends;
  expect(Object.keys(ends).filter((end) => !EXPLAINED.includes(end))).toEqual([]);
  expect(delivered).toBeGreaterThan(promised.length / 2);
  expect(unknown).toBeLessThanOrEqual(await countUnknownAttempts(product, promised));
  expect(expired).toBeLessThanOrEqual(promised.length / 10);
  const arrivals = await mapInTurns(sent, 16, async ({ to }) => (await product.readInbox(to)).length);
  expect(arrivals.filter((count) => count > 1)).toEqual([]);
}, 900_000);

async function countAttempts(product: Standalone): Promise<number> {
  const { text } = await callHttp(`${product.workerUrl}/metrics`);
  const counts = [...text.matchAll(/^sms_attempts_total\{[^}]*\} (\d+)$/gm)].map(([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** As a client does after an answer that never came: 409 while the first try may still be under way. */
async function repeatUntilAccepted(product: Standalone, request: SentRequest): Promise<SentRequest> {
  const { to, text, idempotencyKey } = request;
  const answer = await waitFor(
    async () => {
      const next = await product.send({ to, message: text, ttl_seconds: LIFE_S }, { idempotencyKey });
      return next.status === 202 ? next : undefined;
    },
    { what: `${idempotencyKey} to be accepted`, timeoutMs: RECOVERS_WITHIN_MS, intervalMs: 500 },
  );
  return { ...request, answer };
}

/** Messages with an attempt of which nobody knows how it ended. */
async function countUnknownAttempts(product: Standalone, promised: readonly SentRequest[]): Promise<number> {
  const messages = await mapInTurns(promised, 16, ({ answer }) =>
    product.client.getMessage(textOf(answer, "tracking_id")),
  );
  return messages.filter(
    (message) => "attempts" in message && message.attempts.some(({ outcome }) => outcome === "unknown"),
  ).length;
}

/** Until each has ended, or is `sent` with its report in an outage, and counts the ends. */
async function waitForEnds(
  product: Standalone,
  promised: readonly SentRequest[],
  outages: readonly Outage[],
): Promise<Record<string, number>> {
  const statuses = await mapInTurns(promised, 16, ({ answer }) =>
    waitFor(
      async () => {
        const message = await product.client.getMessage(textOf(answer, "tracking_id"));
        if (FINAL.includes(message.status)) return message.status;
        const untold = "sent_at" in message && outages.some((outage) => isDeliveredOrUntold(message, outage));
        return untold ? "untold" : undefined;
      },
      { what: `${textOf(answer, "tracking_id")} to end`, timeoutMs: ENDED_WITHIN_MS, intervalMs: 500 },
    ),
  );
  return { delivered: 0, ...countBy(statuses) };
}
