import { randomUUID } from "node:crypto";
import type { AttemptView } from "@sms-gateway/contracts";
import { BUSY_MACHINE_MS, waitFor } from "@sms-gateway/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { describeWithProduct } from "./harness/describe-with-product.ts";
import { type Answer, callHttp, textOf } from "./harness/http-calls.ts";
import { mapInTurns } from "./harness/in-turns.ts";
import { countBy, expectDeliveredOnce, isDeliveredOrUntold, readTexts } from "./harness/judge.ts";
import { type SendTextOptions, type SentRequest, sendText, startLoad } from "./harness/load.ts";
import type { Product } from "./harness/product.ts";
import { expectCleanLogs } from "./harness/read-logs.ts";
import { createTenant, type Tenant } from "./harness/tenants.ts";

/**
 * What the contract promises (api.md, architecture.md 5.1 and 5.2), with what a busy machine adds. Refusals are promised
 * within 2 s; what has waited for a confirm takes 5.
 */
const REFUSED_WITHIN_MS = 4_500;
const UNKNOWN_WITHIN_MS = 5_000 + BUSY_MACHINE_MS;
const GATEWAY_STOPS_WITHIN_MS = 10_000 + BUSY_MACHINE_MS;
const WORKER_STOPS_WITHIN_MS = 15_000 + BUSY_MACHINE_MS;
const QUOTA_BACK_WITHIN_MS = 30_000 + BUSY_MACHINE_MS;
const RECOVERS_WITHIN_MS = 30_000 + BUSY_MACHINE_MS;

const PER_SECOND = 25;
/**
 * Few calls at a time, so that a worker is easily killed in the midst of its work, and so that the attempts it leaves
 * open do not use up the provider's slots until their leases end.
 */
const OPEN_ATTEMPTS_MAX = 8;
const SETTINGS = { settings: { worker: { PROVIDER_MAX_IN_FLIGHT: `${OPEN_ATTEMPTS_MAX}` } } };

describeWithProduct(
  "what was promised is kept",
  (product) => {
    // With a quota, to see what is charged.
    let tenant: Tenant;
    beforeAll(async () => {
      tenant = await createTenant(product(), { limits: { "daily-quota": 1_000 } });
    });

    describe("while Postgres is away", () => {
      test("for 20 s under load: every request is accepted, no report is lost, all is delivered exactly once", async () => {
        const { postgres } = product().servers;
        // Their reports come about a second after `sent`, when the database is away: the carrier sends them once only.
        const before = await sendMany(product(), 20);
        await Promise.all(before.map((sent) => waitForStatus(product(), sent, ["sent", "delivered"])));
        const load = startLoad(product(), PER_SECOND);
        await postgres.stop();
        const stoppedAtMs = performance.now();
        await waitFor(() => performance.now() - stoppedAtMs > 20_000, { what: "20 s" });
        const read = await product().get(`/api/v1/sms/${trackingId(before[0])}`);
        expect(read).toMatchObject({ status: 503, body: { error_code: "SERVICE_UNAVAILABLE" } });
        await postgres.start();
        const during = await load.stop();
        expect(during.length).toBeGreaterThan(19 * PER_SECOND);
        expect(countOutcomes(during)).toEqual({ 202: during.length });
        expect(Math.max(...during.map(({ answer }) => answer.tookMs))).toBeLessThan(REFUSED_WITHIN_MS);
        await expectDeliveredOnce(product(), [...before, ...during], { timeoutMs: 90_000 });
      });
    });

    describe("while RabbitMQ is away", () => {
      test("killed under load: an answer for each request in time, recovery by itself, each promise kept, quota back", async () => {
        const { rabbitmq } = product().servers;
        const { apiKey } = tenant;
        const load = startLoad(product(), PER_SECOND);
        await waitForAnswers(product());
        const before = await sendForQuota(product(), apiKey);
        await rabbitmq.saveQueueRegistry();
        const fromMs = Date.now();
        await rabbitmq.kill();
        await waitFor(async () => reasonOf((await sendText(product())).answer) === "queue_unreachable", {
          what: "the gateway to know that the queue is away",
          timeoutMs: UNKNOWN_WITHIN_MS,
        });
        const knownAtMs = performance.now();
        const refusedByTenant = await sendMany(product(), 6, { apiKey });
        await waitFor(() => performance.now() - knownAtMs > 3_000, { what: "some seconds of refusals" });
        const startedAtMs = performance.now();
        await rabbitmq.start();
        await waitUntilAccepted(product());
        const after = await sendForQuota(product(), apiKey);
        const reportsLost = { fromMs, toMs: Date.now() };
        const sent = await load.stop();

        const { accepted, unknown, refused } = sortByOutcome(sent);
        expect(countOutcomes([...accepted, ...unknown, ...refused])).toEqual(countOutcomes(sent));
        expect(Math.max(0, ...unknown.map(({ answer }) => answer.tookMs))).toBeLessThan(UNKNOWN_WITHIN_MS);
        const afterKnown = [
          ...sent.filter(({ sentAtMs }) => sentAtMs > knownAtMs && sentAtMs < startedAtMs),
          ...refusedByTenant,
        ];
        expect(countOutcomes(afterKnown)).toEqual({ not_accepted: afterKnown.length });
        expect(afterKnown.length).toBeGreaterThan(2 * PER_SECOND);
        expect(afterKnown.every(({ answer }) => Number(answer.headers.get("retry-after")) > 0)).toBe(true);
        expect(Math.max(...afterKnown.map(({ answer }) => answer.tookMs))).toBeLessThan(REFUSED_WITHIN_MS);
        expect(after.left).toBe(before.left - 1);

        const repeated = await Promise.all(unknown.map((request) => sendAgain(product(), request)));
        expect(countOutcomes(repeated)).toEqual(countBy(unknown.map(() => "202")));
        expect(repeated.map(trackingId)).toEqual(unknown.map(trackingId));
        const promised = [...accepted, ...repeated, before.sent, after.sent];
        await expectDeliveredOnce(product(), promised, { timeoutMs: 90_000, reportsLost });
        expect((await readTexts(product(), [...refused, ...refusedByTenant])).flat()).toEqual([]);
      });

      test("frozen: what is in flight ends unknown with its id in 5 s, keeps its quota, and is sent once", async () => {
        const { rabbitmq } = product().servers;
        const { apiKey } = tenant;
        const before = await sendForQuota(product(), apiKey);
        await rabbitmq.pause();
        try {
          const key = { apiKey, idempotencyKey: randomUUID() };
          const body = { to: product().traces.newNumber(), message: product().traces.newText() };
          const keyed = product().send(body, key);
          const meanwhile = await waitFor(
            async () => {
              const answer = await product().send(body, key);
              return answer.status === 409 ? answer : undefined;
            },
            { what: "a second request with the key to meet the first", timeoutMs: 2_000 },
          );
          expect(meanwhile.body).toMatchObject({ error_code: "IDEMPOTENCY_IN_PROGRESS" });
          expect(meanwhile.headers.get("retry-after")).toBe("1");
          const sent = await sendMany(product(), 5, { apiKey });
          const answers = [await keyed, ...sent.map(({ answer }) => answer)];
          expect(outcomeOf(await keyed)).toBe("unknown");
          // What still waited for its turn was not handed over, and nothing of it was taken.
          const { unknown, refused } = sortByOutcome(sent);
          expect(unknown.length + refused.length).toBe(5);
          expect(Math.max(...answers.map(({ tookMs }) => tookMs))).toBeLessThan(UNKNOWN_WITHIN_MS);

          const fromMs = Date.now() - UNKNOWN_WITHIN_MS;
          await rabbitmq.resume();
          await waitUntilAccepted(product());
          const repeated = await Promise.all(unknown.map((request) => sendAgain(product(), request)));
          expect(countOutcomes(repeated)).toEqual(countBy(unknown.map(() => "202")));
          expect(repeated.map(trackingId)).toEqual(unknown.map(trackingId));
          const keyedId = textOf(await keyed, "tracking_id");
          expect(await product().send(body, key)).toMatchObject({ status: 202, body: { tracking_id: keyedId } });
          // Charged once each, though they were asked for twice.
          const after = await sendForQuota(product(), apiKey);
          expect(after.left).toBe(before.left - 1 - unknown.length - 1);
          const reportsLost = { fromMs, toMs: Date.now() };
          await expectDeliveredOnce(product(), [before.sent, ...repeated, after.sent], { reportsLost });
          expect((await readTexts(product(), refused)).flat()).toEqual([]);
          expect(await product().readInbox(body.to)).toHaveLength(1);
        } finally {
          await rabbitmq.resume();
        }
      });

      test("restarted with messages queued: they are delivered once the worker is back", async () => {
        const { worker } = product().services;
        expect(await worker.stop()).toMatchObject({ exitCode: 0 });
        const queued = await sendMany(product(), 40);
        expect(countOutcomes(queued)).toEqual({ 202: 40 });
        await product().servers.rabbitmq.restart();
        await waitUntilAccepted(product());
        await worker.start();
        await expectDeliveredOnce(product(), queued);
      });
    });

    describe("while Redis is away", () => {
      test.each(["stopped", "frozen"] as const)(
        "%s: requests are refused in 2 s, and quota and service come back",
        async (how) => {
          const { redis } = product().servers;
          const { apiKey } = tenant;
          const before = await sendForQuota(product(), apiKey);
          // As long as it takes to be on disk: appendfsync everysec.
          await waitFor(() => performance.now() - before.sent.sentAtMs > 2_000, {
            what: "Redis to have written its file",
          });
          await (how === "stopped" ? redis.stop() : redis.pause());
          const refused = await sendMany(product(), 4, { apiKey });
          await (how === "stopped" ? redis.start() : redis.resume());
          expect(refused.map(({ answer }) => [outcomeOf(answer), reasonOf(answer)])).toEqual(
            refused.map(() => ["not_accepted", "redis_unreachable"]),
          );
          expect(Math.max(...refused.map(({ answer }) => answer.tookMs))).toBeLessThan(REFUSED_WITHIN_MS);
          await waitUntilAccepted(product());
          // Each look costs one message itself.
          const looks: SentRequest[] = [before.sent];
          await waitFor(
            async () => {
              const { sent, left } = await sendForQuota(product(), apiKey);
              looks.push(sent);
              return left === before.left - (looks.length - 1);
            },
            { what: "the quota to be back", timeoutMs: QUOTA_BACK_WITHIN_MS, intervalMs: 500 },
          );
          await expectDeliveredOnce(product(), looks);
          expect((await readTexts(product(), refused)).flat()).toEqual([]);
        },
      );
    });

    describe("when our own processes end", () => {
      test("the worker by kill -9 in the middle of its work: all is delivered, none twice but an open attempt", async () => {
        const { worker } = product().services;
        await worker.stop();
        const sent = await sendMany(product(), 160, { fields: { provider: "twilio" } });
        expect(countOutcomes(sent)).toEqual({ 202: 160 });
        // Its start is not waited for: it works as soon as it can, and is killed in the midst of that.
        const starting = Promise.allSettled([worker.start()]);
        await waitFor(async () => (await countAttempts(product())) >= 10, {
          what: "the worker to have made some attempts",
          timeoutMs: 30_000,
          intervalMs: 5,
        });
        await worker.kill();
        const fromMs = Date.now();
        await starting;
        await worker.start();
        await judgeAfterKill(product(), sent, { fromMs, toMs: Date.now() });
      });

      test("the worker by SIGTERM under load: within 15 s, with exit code 0", async () => {
        const { worker } = product().services;
        const load = startLoad(product(), PER_SECOND);
        await waitForAnswers(product());
        const fromMs = Date.now();
        const end = await worker.stop();
        expect(end).toMatchObject({ exitCode: 0, signal: null });
        expect(end.tookMs).toBeLessThan(WORKER_STOPS_WITHIN_MS);
        await worker.start();
        const reportsLost = { fromMs, toMs: Date.now() };
        const sent = await load.stop();
        expect(countOutcomes(sent)).toEqual({ 202: sent.length });
        await expectDeliveredOnce(product(), sent, { reportsLost });
      });

      test("the gateway by SIGTERM under load: within 10 s, with exit code 0, and every 202 is kept", async () => {
        const { gateway } = product().services;
        const load = startLoad(product(), PER_SECOND);
        await waitForAnswers(product());
        const end = await gateway.stop();
        expect(end).toMatchObject({ exitCode: 0, signal: null });
        expect(end.tookMs).toBeLessThan(GATEWAY_STOPS_WITHIN_MS);
        const sent = await load.stop();
        await gateway.start();
        const { accepted, unknown, refused } = sortByOutcome(sent);
        // What is neither was not answered: its connection was refused, or ended before the request was read.
        const unanswered = sent.filter(({ answer }) => answer.status === 0);
        expect(accepted.length + unanswered.length).toBe(sent.length);
        expect([unknown, refused]).toEqual([[], []]);
        expect(accepted.length).toBeGreaterThan(0);
        await expectDeliveredOnce(product(), accepted);
        const arrived = await readTexts(product(), unanswered);
        expect(arrived.every((texts) => texts.length <= 1)).toBe(true);
      });
    });

    describe("and afterwards", () => {
      test("no log holds a number, a text or a key, and each is JSON line by line", () => {
        expectCleanLogs(product());
      });
    });
  },
  SETTINGS,
);

/** 202, another status, 0 for none, or for 503 what became of the request: `not_accepted` or `unknown`. */
function outcomeOf({ status, body: { details } }: Answer): string {
  if (status !== 503 || typeof details !== "object" || details === null) return String(status);
  return "outcome" in details ? String(details.outcome) : "503";
}

function reasonOf({ body: { details } }: Answer): unknown {
  return typeof details === "object" && details !== null && "reason" in details ? details.reason : undefined;
}

function countOutcomes(sent: readonly SentRequest[]): Record<string, number> {
  return countBy(sent.map(({ answer }) => outcomeOf(answer)));
}

function sortByOutcome(sent: readonly SentRequest[]) {
  const having = (outcome: string) => sent.filter(({ answer }) => outcomeOf(answer) === outcome);
  return { accepted: having("202"), unknown: having("unknown"), refused: having("not_accepted") };
}

function trackingId(sent: Pick<SentRequest, "answer"> | undefined): string {
  if (sent === undefined) throw new Error("nothing was sent");
  return textOf(sent.answer, "tracking_id");
}

/** The same request again, as a client does after an unknown outcome. */
async function sendAgain(product: Product, request: SentRequest): Promise<SentRequest> {
  const { to, text, idempotencyKey, apiKey } = request;
  const sentAtMs = performance.now();
  return { ...request, sentAtMs, answer: await product.send({ to, message: text }, { idempotencyKey, apiKey }) };
}

function sendMany(product: Product, count: number, options: SendTextOptions = {}): Promise<SentRequest[]> {
  return Promise.all(Array.from({ length: count }, () => sendText(product, options)));
}

/** Sends one message and reads from its answer how many are left of the day's quota after it. */
async function sendForQuota(product: Product, apiKey: string): Promise<{ sent: SentRequest; left: number }> {
  const sent = await sendText(product, { apiKey });
  const left = /"daily_quota";r=(\d+)/.exec(sent.answer.headers.get("ratelimit") ?? "")?.[1];
  if (left === undefined) throw new Error(`no quota in the answer (${sent.answer.status}) ${sent.answer.text}`);
  return { sent, left: Number(left) };
}

async function waitForStatus(product: Product, sent: SentRequest, statuses: readonly string[]): Promise<void> {
  await waitFor(async () => statuses.includes((await product.client.getMessage(trackingId(sent))).status), {
    what: `the message to be ${statuses.join(" or ")}`,
  });
}

/** Until the load is on its way: a message that was sent meanwhile is with a carrier. */
async function waitForAnswers(product: Product): Promise<void> {
  await waitForStatus(product, await sendText(product), ["sent", "delivered"]);
}

async function waitUntilAccepted(product: Product): Promise<void> {
  await waitFor(async () => (await sendText(product)).answer.status === 202, {
    what: "the gateway to accept again",
    timeoutMs: RECOVERS_WITHIN_MS,
    intervalMs: 100,
  });
}

/** How many attempts the worker has ended since its start; rejects while it does not listen yet. */
async function countAttempts(product: Product): Promise<number> {
  const { text } = await callHttp(`${product.urls.worker}/metrics`);
  const counts = [...text.matchAll(/^sms_attempts_total\{[^}]*\} (\d+)$/gm)].map(([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * Every text arrives once, but for those whose attempt was open when the worker was killed: nobody knows whether the
 * carrier has them, so they stay `sending` until a report settles them, and only they may arrive twice. A report that
 * came while the worker was away is lost: its message stays `sent`.
 */
async function judgeAfterKill(
  product: Product,
  sent: readonly SentRequest[],
  away: { readonly fromMs: number; readonly toMs: number },
): Promise<void> {
  const wasOpen = ({ outcome, started_at: startedAt }: AttemptView): boolean =>
    (outcome === null || outcome === "unknown") && Date.parse(startedAt) <= away.fromMs;
  const judged = await mapInTurns(sent, 16, (request) =>
    waitFor(
      async () => {
        const message = await product.client.getMessage(trackingId(request));
        if (!("attempts" in message)) return undefined;
        const { status, attempts } = message;
        const arrived = (await product.readInbox(request.to)).length;
        const isSettled =
          status === "sending" ? attempts.some(wasOpen) : arrived > 0 && isDeliveredOrUntold(message, away);
        return isSettled ? { status, attempts, arrived } : undefined;
      },
      { what: `${request.to} to get its text, or its attempt to be open`, timeoutMs: 80_000, intervalMs: 200 },
    ),
  );
  // No more than the worker may have had open at the time.
  expect(judged.filter(({ status }) => status === "sending").length).toBeLessThanOrEqual(OPEN_ATTEMPTS_MAX);
  expect(judged.filter(({ attempts, arrived }) => arrived > 1 && attempts.length < 2)).toEqual([]);
  // The kill came in the midst: some were attempted before it, some only after.
  const isBefore = ({ started_at: startedAt }: AttemptView): boolean => Date.parse(startedAt) <= away.fromMs;
  const before = judged.filter(({ attempts }) => attempts.some(isBefore)).length;
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(sent.length);
}
