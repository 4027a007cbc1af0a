import { execFile } from "node:child_process";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { waitFor } from "@sms-gateway/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { callHttp, textOf } from "./harness/http-calls.ts";
import { mapInTurns } from "./harness/in-turns.ts";
import { countBy, expectDeliveredOnce, isDeliveredOrUntold, sendAndWait } from "./harness/judge.ts";
import { type SentRequest, sendText, startLoad } from "./harness/load.ts";
import { expectCleanLogs } from "./harness/read-logs.ts";
import { type Standalone, type StandaloneOptions, startStandalone } from "./harness/standalone.ts";

const PER_SECOND = 25;
const KILLS = 20;
const RECOVERS_WITHIN_MS = 60_000;
/** From the last acceptance until the worker has ended whatever was left open: the life given, and its sweeps. */
const LIFE_S = 45;
const ENDED_WITHIN_MS = LIFE_S * 1_000 + 30_000;
const FINAL = ["delivered", "undelivered", "failed", "expired", "canceled", "rejected", "unknown"];
const run = promisify(execFile);

/** When nobody could take reports, as wall clock in ms. */
interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

describe("the standalone shape", () => {
  const started: Standalone[] = [];
  const start = async (options?: StandaloneOptions): Promise<Standalone> => {
    const product = await startStandalone(options);
    started.push(product);
    return product;
  };
  afterEach(async ({ task }) => {
    for (const product of started.splice(0)) {
      if (task.result?.state === "fail") showLogs(product);
      await product.stop();
    }
  });

  test("takes a message from POST to delivered, answers its replay, and remembers both over a restart", async () => {
    const product = await start();
    const { accepted, message, text } = await sendAndWait(product, product.traces.newNumber());
    expect(message).toMatchObject({ status: "delivered", message: text, simulated: true });
    const body = { to: product.traces.newNumber(), message: product.traces.newText() };
    const first = await product.send(body, { idempotencyKey: "one" });
    expect(await product.standalone.stop()).toMatchObject({ exitCode: 0 });
    await product.standalone.start();
    const again = await product.send(body, { idempotencyKey: "one" });
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([202, "true"]);
    expect(textOf(again, "tracking_id")).toBe(textOf(first, "tracking_id"));
    expect(await product.client.getMessage(accepted.tracking_id)).toMatchObject({ status: "delivered" });
    expect((await callHttp(`${product.workerUrl}/readyz`)).status).toBe(200);
    await product.client.waitForFinal(textOf(first, "tracking_id"), { timeoutMs: 30_000 });
    expect(await product.readInbox(body.to)).toHaveLength(1);
    expectCleanLogs(product);
  });

  test("killed by kill -9 twenty times under load: every 202 reaches an end, no text arrives twice", async () => {
    const product = await start({
      // Open attempts end soon after a kill, and are few enough not to use up the slots of their provider.
      settings: { SUBMIT_TIMEOUT_MS: "1000", PROVIDER_MAX_IN_FLIGHT: "200" },
    });
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
    expect(ends.delivered).toBeGreaterThan(promised.length / 2);
    const arrivals = await mapInTurns(sent, 16, async ({ to }) => (await product.readInbox(to)).length);
    expect(arrivals.filter((count) => count > 1)).toEqual([]);
  }, 600_000);

  test("its Postgres killed by kill -9 under load: it comes back by itself, and what was accepted is delivered once", async () => {
    const product = await start();
    const load = startLoad(product, PER_SECOND);
    const { sentAtMs } = await waitUntilAccepted(product);
    await waitFor(() => performance.now() - sentAtMs > 1_000, { what: "some load" });
    const fromMs = Date.now();
    process.kill(await product.readPostgresPid(), "SIGKILL");
    await waitFor(async () => (await sendText(product)).answer.status !== 202, { what: "the outage to be noticed" });
    await waitUntilAccepted(product);
    const outage = { fromMs, toMs: Date.now() };
    const sent = await load.stop();
    const statuses = new Set(sent.map(({ answer }) => answer.status));
    expect([...statuses].toSorted()).toEqual([202, 503]);
    const accepted = sent.filter(({ answer }) => answer.status === 202);
    await expectDeliveredOnce(product, accepted, { timeoutMs: RECOVERS_WITHIN_MS, reportsLost: outage });
  }, 180_000);

  const mayMount = process.platform === "linux" && process.getuid?.() === 0;
  test.runIf(mayMount)(
    "on a full disk: 503 with nothing taken, and as soon as there is room all goes on",
    async () => {
      const disk = await mountSmallDisk();
      try {
        const product = await start({ postgresDir: join(disk.path, "postgres") });
        const accepted = [await waitUntilAccepted(product)];
        const fromMs = Date.now();
        await disk.fill();
        const refused = await waitFor(
          async () => {
            const sent = await sendText(product);
            if (sent.answer.status !== 202) return sent;
            accepted.push(sent);
            return undefined;
          },
          { what: "a request to be refused", timeoutMs: RECOVERS_WITHIN_MS, intervalMs: 0 },
        );
        expect(refused.answer).toMatchObject({ status: 503, body: { error_code: "SERVICE_UNAVAILABLE" } });
        expect(Number(refused.answer.headers.get("retry-after"))).toBeGreaterThan(0);
        expect(await disk.freeBytes()).toBeLessThan(1024 * 1024);
        await disk.free();
        accepted.push(await waitUntilAccepted(product));
        const reportsLost = { fromMs, toMs: Date.now() };
        await expectDeliveredOnce(product, accepted, { timeoutMs: RECOVERS_WITHIN_MS, reportsLost });
        // By now it would have arrived: what was accepted later has.
        const arrived = (await product.readInbox(refused.to)).length;
        expect(arrived).toBeLessThanOrEqual(isUnknown(refused) ? 1 : 0);
        await product.stop();
        started.splice(0);
      } finally {
        await disk.unmount();
      }
    },
    300_000,
  );
});

function showLogs(product: Standalone): void {
  for (const { name, text } of product.readOutputs()) {
    process.stderr.write(`--- the end of the log of ${name}\n${text.trimEnd().split("\n").slice(-40).join("\n")}\n`);
  }
}

async function countAttempts(product: Standalone): Promise<number> {
  const { text } = await callHttp(`${product.workerUrl}/metrics`);
  const counts = [...text.matchAll(/^sms_attempts_total\{[^}]*\} (\d+)$/gm)].map(([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Whether a 503 says that the message may have been taken; it is then sent like any other. */
function isUnknown({ answer }: SentRequest): boolean {
  return /"outcome":"unknown"/.test(answer.text);
}

async function waitUntilAccepted(product: Standalone): Promise<SentRequest> {
  return await waitFor(
    async () => {
      const sent = await sendText(product);
      return sent.answer.status === 202 ? sent : undefined;
    },
    { what: "a message to be accepted", timeoutMs: RECOVERS_WITHIN_MS, intervalMs: 100 },
  );
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

/** A file system of 256 MiB in memory; Postgres' own files take about a third. */
async function mountSmallDisk() {
  const path = await mkdtemp(join(tmpdir(), "sms-gateway-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", "size=256m,mode=755", "tmpfs", path]);
  const filler = join(path, "filler");
  return {
    path,
    async fill() {
      const block = Buffer.alloc(1024 * 1024);
      for (let written = 0; written < 1024; written += 1) {
        try {
          await writeFile(filler, block, { flag: "a" });
        } catch (error) {
          if (error instanceof Error && "code" in error && error.code === "ENOSPC") return;
          throw error;
        }
      }
      throw new Error("the small disk takes more than its size");
    },
    async freeBytes() {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
    free: () => rm(filler),
    async unmount() {
      await run("umount", [path]);
      await rm(path, { recursive: true, force: true });
    },
  };
}
