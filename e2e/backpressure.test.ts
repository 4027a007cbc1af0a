import { randomUUID } from "node:crypto";
import { waitFor } from "@sms-gateway/testkit";
import { describe, expect, test } from "vitest";
import { expectBalanced, openAdminApi } from "./harness/admin-api.ts";
import { describeWithProduct } from "./harness/describe-with-product.ts";
import { type FloodAnswer, type FloodRequest, flood } from "./harness/flood.ts";
import { mapInTurns } from "./harness/in-turns.ts";
import { countBy, expectDeliveredOnce } from "./harness/judge.ts";
import { sendText, startLoad } from "./harness/load.ts";
import type { Product } from "./harness/product.ts";
import { readMemoryMib } from "./harness/read-metrics.ts";
import { createTenant } from "./harness/tenants.ts";

const REQUESTS = 50_000;
const CONNECTIONS = 400;
/** The smallest that may be set; room for some thousand envelopes of one short text. */
const QUEUE_MAX_BYTES = 1_048_576;
/** Of the requests, so that most meet a full queue and enough do not. */
const ACCEPTED_MIN = 300;
const ACCEPTED_MAX = REQUESTS / 5;
/**
 * What a gateway may grow by under the flood, in MiB: buffers of 400 connections and what is young in the heap of Node,
 * which it leaves uncollected for a while. 50 000 requests that it kept would be several times this.
 */
const GROWTH_MAX_MIB = 200;
const QUOTA = 1_000_000;
/** The flood's recipients share few numbers, so that all inboxes are soon read. */
const NUMBERS = 100;
const DELIVERED_WITHIN_MS = 240_000;
const FROZEN_MS = 6_000;
const PER_SECOND = 25;
const SETTINGS = {
  gateway: { QUEUE_MAX_BYTES: `${QUEUE_MAX_BYTES}` },
  worker: { QUEUE_MAX_BYTES: `${QUEUE_MAX_BYTES}` },
  lab: { LAB_DELIVERY_DELAY_MS: "300" },
};

describeWithProduct(
  "under pressure",
  (product) => {
    describe("of 50 000 requests with the worker stopped and little room in the queue", () => {
      test("every answer is true: 202 is delivered once, 503 queue_full never, and the quota counts the former", async () => {
        const { worker } = product().services;
        const { gateway: url } = product().urls;
        const { apiKey } = await createTenant(product(), { limits: { "daily-quota": QUOTA } });
        const admin = await openAdminApi(product());
        await worker.stop();
        const requests = newRequests(product());
        const memory = watchMemory(url);
        const answers = await flood({ url, apiKey, connections: CONNECTIONS, requests });
        expect(await memory.stop()).toBeLessThan(GROWTH_MAX_MIB);

        const accepted = requests.filter((_, index) => answers[index]?.status === 202);
        const refused = requests.filter((_, index) => answers[index]?.status === 503);
        expect(countBy(answers.map(summarize))).toEqual({
          202: accepted.length,
          "503 not_accepted queue_full": refused.length,
        });
        expect(accepted.length + refused.length).toBe(REQUESTS);
        expect(accepted.length).toBeGreaterThan(ACCEPTED_MIN);
        expect(accepted.length).toBeLessThan(ACCEPTED_MAX);

        await worker.start();
        const texts = await waitForTexts(product(), accepted);
        const arrived = countBy(texts);
        expect(accepted.filter(({ body }) => arrived[body.message] !== 1)).toEqual([]);
        expect(refused.filter(({ body }) => arrived[body.message] !== undefined)).toEqual([]);
        await waitUntilDelivered(product(), apiKey, accepted.length);
        await expectBalanced(admin, { recorded: accepted.length, aliases: 0, dead_letters: 0 });

        // A key that was refused belongs to nobody: another request may take it.
        const again = refused.slice(0, 20).map(({ idempotencyKey }) => ({ idempotencyKey, body: newBody(product()) }));
        const taken = await flood({ url, apiKey, connections: 4, requests: again });
        expect(countBy(taken.map(summarize))).toEqual({ 202: again.length });
        const look = await product().send(newBody(product()), { apiKey });
        const left = /"daily_quota";r=(\d+)/.exec(look.headers.get("ratelimit") ?? "")?.[1];
        expect(Number(left)).toBe(QUOTA - accepted.length - again.length - 1);
      });
    });

    describe("of a database that stands still", () => {
      test("for seconds under load: every request is accepted, and all is delivered once when it goes on", async () => {
        const { postgres } = product().servers;
        const load = startLoad(product(), PER_SECOND);
        await waitUntilSent(product());
        await postgres.pause();
        const frozenAtMs = performance.now();
        try {
          await waitFor(() => performance.now() - frozenAtMs > FROZEN_MS, { what: "the freeze to have lasted" });
        } finally {
          await postgres.resume();
        }
        await waitUntilSent(product());
        const sent = await load.stop();
        expect(sent.length).toBeGreaterThan((FROZEN_MS / 1000) * PER_SECOND);
        expect(countBy(sent.map(({ answer }) => `${answer.status}`))).toEqual({ 202: sent.length });
        await expectDeliveredOnce(product(), sent);
      });
    });
  },
  { settings: SETTINGS },
);

interface TextRequest extends FloodRequest {
  readonly body: { readonly to: string; readonly message: string };
}

function newBody({ traces }: Product) {
  return { to: traces.newNumber(), message: traces.newText() };
}

function newRequests({ traces }: Product): TextRequest[] {
  const numbers = Array.from({ length: NUMBERS }, () => traces.newNumber());
  return Array.from({ length: REQUESTS }, (_, index) => ({
    idempotencyKey: randomUUID(),
    body: { to: numbers[index % NUMBERS] ?? "", message: traces.newText() },
  }));
}

/** `202`, or the status with what a refusal says of itself. */
function summarize({ status, text }: FloodAnswer): string {
  if (status === 202) return "202";
  const { details }: { details?: { outcome?: string; reason?: string } } = status === 0 ? {} : JSON.parse(text);
  return [status, details?.outcome ?? text, details?.reason].join(" ");
}

/** Looks at a service's memory several times a second; `stop` tells by how much it grew at the most, in MiB. */
function watchMemory(serviceUrl: string) {
  let before: number | undefined;
  let highest = 0;
  let stopped = false;
  const look = async () => {
    const now = await readMemoryMib(serviceUrl);
    before ??= now;
    highest = Math.max(highest, now);
  };
  const watching = waitFor(
    async () => {
      await look();
      return stopped;
    },
    { what: "the flood to end", timeoutMs: 240_000, intervalMs: 200 },
  );
  return {
    async stop(): Promise<number> {
      stopped = true;
      await watching;
      return highest - (before ?? 0);
    },
  };
}

/** Every text of the flood's numbers, once at least as many have arrived as were accepted. */
async function waitForTexts(product: Product, accepted: readonly TextRequest[]): Promise<string[]> {
  const numbers = [...new Set(accepted.map(({ body }) => body.to))];
  return await waitFor(
    async () => {
      const inboxes = await mapInTurns(numbers, 16, (number) => product.readInbox(number));
      const texts = inboxes.flat().map(({ message }) => message);
      return texts.length >= accepted.length ? texts : undefined;
    },
    { what: `${accepted.length} texts to arrive`, timeoutMs: DELIVERED_WITHIN_MS, intervalMs: 1_000 },
  );
}

/** Until the API, too, says of all that they are delivered. */
async function waitUntilDelivered(product: Product, apiKey: string, count: number): Promise<void> {
  const countDelivered = async (): Promise<number> => {
    let delivered = 0;
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query = { status: "delivered", limit: 500, ...(cursor === "" ? {} : { cursor }) } as const;
      const page: Awaited<ReturnType<typeof product.client.listMessages>> = await product
        .clientOf(apiKey)
        .listMessages(query);
      delivered += page.items.length;
      cursor = page.has_more ? page.next_cursor : null;
    }
    return delivered;
  };
  await waitFor(async () => (await countDelivered()) === count, {
    what: `${count} messages to be delivered`,
    timeoutMs: DELIVERED_WITHIN_MS,
    intervalMs: 1_000,
  });
}

async function waitUntilSent(product: Product): Promise<void> {
  const { answer } = await sendText(product);
  const { tracking_id: id } = answer.body;
  await waitFor(async () => ["sent", "delivered"].includes((await product.client.getMessage(String(id))).status), {
    what: "a message to be sent",
    timeoutMs: 30_000,
  });
}
