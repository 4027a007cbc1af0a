import type { AttemptView } from "@sms-gateway/contracts";
import { openUnrulyCarriers } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithProduct } from "./harness/describe-with-product.ts";
import { textOf } from "./harness/http-calls.ts";
import { mapInTurns } from "./harness/in-turns.ts";
import { expectDeliveredOnce } from "./harness/judge.ts";
import { type SentRequest, sendText } from "./harness/load.ts";
import type { Product, StartedService } from "./harness/product.ts";
import { readMetric } from "./harness/read-metrics.ts";

const PROVIDER = "twilio";
const IN_FLIGHT = 5;
/** In segments. */
const PER_SECOND = 20;
const MESSAGES = 60;
/** In UCS-2, so that a limit which counts messages would let twice as much through. */
const TWO_SEGMENTS = "ж".repeat(80);
const SEGMENTS = 2;

/** Each time is in whole ms. */
const ROUNDED_MS = 1;

const carriers = await openUnrulyCarriers();
afterAll(() => carriers.close());

describeWithProduct(
  "two workers and one provider",
  (product) => {
    let second: StartedService;
    beforeAll(async () => {
      carriers.setLab(product().urls.lab);
      second = await product().startWorker({});
    });

    test("keep together to its calls in flight, and both work", async () => {
      await setLimits(product(), "--max-in-flight", `${IN_FLIGHT}`, "--per-second", "unlimited");
      carriers.setMood("slow");
      const sent = await sendMany(product(), "");
      await expectDeliveredOnce(product(), sent);
      expect(carriers.mostOpen()).toBeLessThanOrEqual(IN_FLIGHT);
      // A fifth is kept for codes.
      expect(carriers.mostOpen()).toBeGreaterThanOrEqual(IN_FLIGHT - 1);
      for (const url of [product().urls.worker, second.url]) expect(await countAttempts(url)).toBeGreaterThan(0);
    });

    test("keep together to its segments per second, and use them", async () => {
      await setLimits(product(), "--max-in-flight", "64", "--per-second", `${PER_SECOND}`);
      carriers.setMood("works");
      const sentAtMs = performance.now();
      const sent = await sendMany(product(), TWO_SEGMENTS);
      await expectDeliveredOnce(product(), sent);
      // By another clock than the one that gives the tokens out: a full bucket at first, and one message of debt.
      const leastS = (MESSAGES * SEGMENTS - PER_SECOND - SEGMENTS) / PER_SECOND;
      expect(performance.now() - sentAtMs).toBeGreaterThan(leastS * 1_000);
      const startedMs = (await readAttempts(product(), sent))
        .map(({ started_at: at }) => Date.parse(at))
        .toSorted((a, b) => a - b);
      expect(startedMs).toHaveLength(MESSAGES);
      expect(mostAboveRate(startedMs)).toBeLessThanOrEqual(PER_SECOND + SEGMENTS);
      // The first second's are there at once; the rest comes at the rate.
      const tookS = ((startedMs.at(-1) ?? 0) - (startedMs[0] ?? 0)) / 1000;
      expect(tookS).toBeLessThan(2 * ((MESSAGES * SEGMENTS) / PER_SECOND));
    });
  },
  {
    settings: {
      worker: { LAB_URL: carriers.url },
      lab: { LAB_DELIVERY_DELAY_MS: "300" },
    },
  },
);

async function setLimits(product: Product, ...options: string[]): Promise<void> {
  await product.admin("provider", "limits", PROVIDER, ...options);
}

/** Texts for this provider alone, all at once. */
async function sendMany(product: Product, end: string): Promise<SentRequest[]> {
  return await Promise.all(
    Array.from({ length: MESSAGES }, () => sendText(product, { end, fields: { provider: PROVIDER } })),
  );
}

async function countAttempts(workerUrl: string): Promise<number> {
  return (await readMetric(workerUrl, "sms_attempts_total")).reduce((sum, { value }) => sum + value, 0);
}

/** The attempts of these messages. Their times are those at which the database gave the tokens out. */
async function readAttempts(product: Product, sent: readonly SentRequest[]): Promise<AttemptView[]> {
  const views = await mapInTurns(sent, 16, ({ answer }) => product.client.getMessage(textOf(answer, "tracking_id")));
  return views.flatMap((view) => ("attempts" in view ? view.attempts : []));
}

/** By how many segments the fullest stretch of time was above what the rate alone gives for it. */
function mostAboveRate(startedMs: readonly number[]): number {
  const excess = startedMs.flatMap((fromMs, first) =>
    startedMs.slice(first).map((toMs, more) => {
      const rateS = (toMs - fromMs + ROUNDED_MS) / 1000;
      return (more + 1) * SEGMENTS - rateS * PER_SECOND;
    }),
  );
  return Math.max(...excess);
}
