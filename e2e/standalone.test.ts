import { join } from "node:path";
import {
  createTestDatabase,
  describeWith,
  mayMountDisks,
  mountSmallDisk,
  openSql,
  waitFor,
} from "@sms-gateway/testkit";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { callHttp, textOf } from "./harness/http-calls.ts";
import { expectDeliveredOnce, sendAndWait } from "./harness/judge.ts";
import { type SentRequest, sendText, startLoad } from "./harness/load.ts";
import { showLogs } from "./harness/product-face.ts";
import { expectCleanLogs } from "./harness/read-logs.ts";
import { type Standalone, type StandaloneOptions, startStandalone } from "./harness/standalone.ts";

const PER_SECOND = 25;
const RECOVERS_WITHIN_MS = 60_000;
/** What was with the provider during an outage is written down as `sent` only after it. */
const WRITTEN_WITHIN_MS = 3_000;

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
    // Its report would find nobody while the process is down.
    await product.client.waitForFinal(textOf(first, "tracking_id"), { timeoutMs: 30_000 });
    expect(await product.standalone.stop()).toMatchObject({ exitCode: 0 });
    await product.standalone.start();
    const again = await product.send(body, { idempotencyKey: "one" });
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([202, "true"]);
    expect(textOf(again, "tracking_id")).toBe(textOf(first, "tracking_id"));
    expect(await product.client.getMessage(accepted.tracking_id)).toMatchObject({ status: "delivered" });
    expect((await callHttp(`${product.workerUrl}/readyz`)).status).toBe(200);
    expect(await product.readInbox(body.to)).toHaveLength(1);
    expectCleanLogs(product);
  });

  test("its Postgres killed by kill -9 under load: it comes back by itself, and what was accepted is delivered once", async () => {
    const product = await start();
    const load = startLoad(product, PER_SECOND);
    const { sentAtMs } = await waitUntilAccepted(product);
    await waitFor(() => performance.now() - sentAtMs > 1_000, { what: "some load" });
    const fromMs = Date.now();
    process.kill(await product.readPostgresPid(), "SIGKILL");
    await waitFor(async () => (await sendText(product)).answer.status !== 202, { what: "the outage to be noticed" });
    await waitUntilAccepted(product);
    const outage = { fromMs, toMs: Date.now() + WRITTEN_WITHIN_MS };
    const sent = await load.stop();
    const statuses = new Set(sent.map(({ answer }) => answer.status));
    expect([...statuses].toSorted()).toEqual([202, 503]);
    const accepted = sent.filter(({ answer }) => answer.status === 202);
    await expectDeliveredOnce(product, accepted, { timeoutMs: RECOVERS_WITHIN_MS, reportsLost: outage });
  });

  test.runIf(mayMountDisks())(
    "on a full disk: 503 with nothing taken, and as soon as there is room all goes on",
    async () => {
      const disk = await mountSmallDisk(256);
      // After the product, which works on it, is stopped.
      onTestFinished(() => disk.unmount());
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
      const reportsLost = { fromMs, toMs: Date.now() + WRITTEN_WITHIN_MS };
      await expectDeliveredOnce(product, accepted, { timeoutMs: RECOVERS_WITHIN_MS, reportsLost });
      // By now it would have arrived: what was accepted later has.
      const arrived = (await product.readInbox(refused.to)).length;
      expect(arrived).toBeLessThanOrEqual(isUnknown(refused) ? 1 : 0);
    },
    300_000,
  );
});

describeWith("postgres", "the standalone shape on a Postgres of its operator's own", (adminUrl) => {
  test("takes a message from POST to delivered, and starts none of its own", async () => {
    const database = await createTestDatabase(adminUrl);
    onTestFinished(() => database.drop());
    const product = await startStandalone({ settings: { DATABASE_URL: database.url } });
    onTestFinished(() => product.stop());
    const { message } = await sendAndWait(product, product.traces.newNumber());
    expect(message.status).toBe("delivered");
    await expect(product.readPostgresPid()).rejects.toThrow("ENOENT");
    const sql = openSql(database.url);
    onTestFinished(() => sql.close());
    expect(await sql.ask("select status from messages where id = $1", [message.id])).toEqual([{ status: "delivered" }]);
  });
});

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
