import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { createAmqpQueue } from "@sms-gateway/amqp";
import { laneOf, type MessageQueue } from "@sms-gateway/contracts";
import {
  BUSY_MACHINE_MS,
  createTestDatabase,
  describeWith,
  findFreePort,
  inheritedEnvironment,
  testKeyPrefix,
  testNamePrefix,
  waitFor,
} from "@sms-gateway/testkit";
import { expect, it, onTestFinished } from "vitest";
import { loadWorkerSettings, type WorkerSettings } from "../src/config.ts";
import { signReport } from "./sign-report.ts";
import { makeEnvelope, newNumber } from "./worker-world.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const SUBMIT_TIMEOUT_MS = 3_000;
/** What `main.ts` gives itself beyond the longest submit. */
const STOP_MARGIN_MS = 5_000;

/** A carrier that takes every request and never answers; tells how many it has. */
async function openSilentCarrier(): Promise<{ url: string; taken: () => number }> {
  let taken = 0;
  const server = createServer((request) => {
    request.resume();
    taken += 1;
  });
  const port = await findFreePort();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}`, taken: () => taken };
}

function startMain(env: Readonly<Record<string, string>>): { child: ChildProcess; lines: string[] } {
  const args = ["--import", "tsx", "--conditions=@sms-gateway/source", "services/worker/src/main.ts"];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...inheritedEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, lines };
}

function openQueue(url: string, namePrefix: string): MessageQueue {
  const queue = createAmqpQueue({ url, namePrefix, role: "worker", retake: { firstMs: 100, capMs: 500 } });
  onTestFinished(() => queue.close());
  return queue;
}

/** Asks again and again on one kept connection, until there is nobody any more; answers how often. */
async function askUntilClosed(settings: WorkerSettings): Promise<number> {
  for (let answers = 0; ; answers += 1) {
    try {
      await (await fetch(`${settings.PUBLIC_URL}/healthz`)).text();
    } catch (error) {
      if (error instanceof TypeError) return answers;
      throw error;
    }
  }
}

describeWith("postgres", "the worker's process", (adminUrl) => {
  describeWith("rabbitmq", "with a queue", (rabbitmqUrl) => {
    describeWith("redis", "and a directory", (redisUrl) => {
      it("takes reports while the last calls of providers end, and then stops in time under load", async () => {
        const [database, carrier, port] = await Promise.all([
          createTestDatabase(adminUrl),
          openSilentCarrier(),
          findFreePort(),
        ]);
        onTestFinished(database.drop);
        const env = {
          WORKER_HOST: "127.0.0.1",
          WORKER_PORT: String(port),
          PUBLIC_URL: `http://127.0.0.1:${port}`,
          DATABASE_URL: database.url,
          RABBITMQ_URL: rabbitmqUrl,
          RABBITMQ_NAME_PREFIX: testNamePrefix(),
          REDIS_URL: redisUrl,
          REDIS_KEY_PREFIX: testKeyPrefix(),
          LAB_URL: carrier.url,
          SUBMIT_TIMEOUT_MS: String(SUBMIT_TIMEOUT_MS),
          LOG_LEVEL: "warn",
        };
        const settings = loadWorkerSettings(env);
        const queue = openQueue(rabbitmqUrl, env.RABBITMQ_NAME_PREFIX);
        const { child, lines } = startMain(env);
        const exited = once(child, "exit");
        await waitFor(async () => (await fetch(`${settings.PUBLIC_URL}/readyz`)).ok, { what: "it", timeoutMs: 60_000 });

        const envelope = makeEnvelope(settings.ID_SECRET, {}, [newNumber()]);
        const ending = await queue.publishAccepted(laneOf(envelope.sms_type, envelope.priority), [envelope]);
        expect(ending).toEqual({ ending: "confirmed" });
        const load = Array.from({ length: 10 }, () => askUntilClosed(settings));
        await waitFor(() => carrier.taken() > 0, { what: "the submit" });
        child.kill("SIGTERM");
        const stoppedAtMs = performance.now();

        const isDraining = async () => (await fetch(`${settings.PUBLIC_URL}/readyz`)).status === 503;
        await waitFor(isDraining, { what: "the stop to begin" });
        const { url, headers, payload } = signReport({ settings }, envelope.recipients[0]?.id ?? "", "delivered");
        const answer = await fetch(settings.PUBLIC_URL + url, { method: "POST", headers, body: payload });
        expect(answer.status).toBe(204);

        const [code] = await exited;
        const tookMs = performance.now() - stoppedAtMs;
        expect([code, lines.filter((line) => line.includes('"level":"fatal"'))]).toEqual([0, []]);
        expect(tookMs).toBeLessThan(SUBMIT_TIMEOUT_MS + STOP_MARGIN_MS + BUSY_MACHINE_MS);
        for (const answers of await Promise.all(load)) expect(answers).toBeGreaterThan(0);
        // Nobody has applied it: it waits for the next worker.
        expect(Object.values((await queue.depths()) ?? {})).toContain(1);
      });
    });
  });
});
