import type { MessageView } from "@sms-gateway/contracts";
import { BUSY_MACHINE_MS, openUnrulyCarriers, waitFor } from "@sms-gateway/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { describeWithProduct } from "./harness/describe-with-product.ts";
import { textOf } from "./harness/http-calls.ts";
import { countArrivals, readTexts } from "./harness/judge.ts";
import { type SentRequest, sendText } from "./harness/load.ts";
import { type ProductFace, showLogs } from "./harness/product-face.ts";
import { type Standalone, startStandalone } from "./harness/standalone.ts";

/** Of the lab's numbers those whose answer is lost: architecture.md section 7. */
const NOT_SENT = ["+15005550007", "+15005550016", "+15005550018"] as const;
const SENT = ["+15005550005", "+15005550017"] as const;
const CLASSES = ["otp", "transactional", "promotional"] as const;
/** Shorter than the time after which a provider's "not found" counts, so that the class decides. */
const LIFE_S = 12;
const ENDED_WITHIN_MS = (LIFE_S + 20) * 1_000;
/** Long enough for a kill to find the calls open. */
const SUBMIT_TIMEOUT_MS = 3_000;
/** Issue 4, item 2. */
const TAKEN_OVER_WITHIN_MS = 60_000 + BUSY_MACHINE_MS;
const OPEN_CODES = 5;

const WORKER_SETTINGS = { SUBMIT_TIMEOUT_MS: `${SUBMIT_TIMEOUT_MS}` };

const carriers = await openUnrulyCarriers();
afterAll(() => carriers.close());

describeWithProduct(
  "a message whose provider's answer is lost",
  (product) => {
    beforeAll(() => carriers.setLab(product().urls.lab));

    describeClasses(product);

    test("is taken over within 60 s when the worker died with it, and a code arrives once unless the record says so", async () => {
      const { worker } = product().services;
      carriers.setMood("silent");
      const unsent = await sendCodes(product());
      await waitFor(() => carriers.countSubmits() >= OPEN_CODES, { what: "the calls to be open", intervalMs: 5 });
      carriers.setMood("deaf");
      const before = carriers.countSubmits();
      const sent = await sendCodes(product());
      await waitFor(() => carriers.countSubmits() >= before + OPEN_CODES, { what: "those too", intervalMs: 5 });
      await worker.kill();
      const killedAtMs = Date.now();
      carriers.setMood("works");
      await worker.start();
      const views = await Promise.all([...unsent, ...sent].map((one) => waitForEnd(product(), one)));
      const texts = await readTexts(product(), [...unsent, ...sent]);
      for (const [index, { status, sent_at: sentAt, possible_double: possibleDouble }] of views.entries()) {
        const copies = texts[index]?.length ?? 0;
        expect(status).toBe("delivered");
        expect(copies).toBeGreaterThanOrEqual(1);
        expect(possibleDouble || copies === 1).toBe(true);
        expect(Date.parse(sentAt ?? "") - killedAtMs).toBeLessThan(TAKEN_OVER_WITHIN_MS);
      }
      expect(texts.slice(0, OPEN_CODES).map(({ length }) => length)).toEqual(unsent.map(() => 1));
    });
  },
  { settings: { worker: { ...WORKER_SETTINGS, LAB_URL: carriers.url }, lab: { LAB_DELIVERY_DELAY_MS: "300" } } },
);

describe("the same in the standalone shape", () => {
  let product: Standalone;
  beforeAll(async () => {
    product = await startStandalone({ settings: WORKER_SETTINGS });
  });
  afterAll(() => product.stop());
  afterEach(({ task }) => {
    if (task.result?.state === "fail") showLogs(product);
  });
  describeClasses(() => product);
});

/** What each class of messages promises (architecture.md 5.6). */
function describeClasses(product: () => ProductFace): void {
  describe.concurrent("by its class", () => {
    test.each(NOT_SENT)(
      "sent to %s: only a code is sent again, and the record says that it may be double",
      async (to) => {
        const [code, bill, advert] = await sendEachClass(product(), to);
        expect([code.status, bill.status, advert.status]).toEqual(["unknown", "unknown", "unknown"]);
        expect(code.attempts.length).toBeGreaterThan(1);
        expect([bill.attempts.length, advert.attempts.length]).toEqual([1, 1]);
        expect([code, bill, advert].map((view) => view.possible_double)).toEqual([true, false, false]);
        expect(stepsOf(code)).toContain("resend");
        expect([...stepsOf(bill), ...stepsOf(advert)]).not.toContain("resend");
        expect(await countCopies(product(), [code, bill, advert])).toEqual([0, 0, 0]);
      },
    );

    test.each(SENT)("sent to %s: it is delivered, once unless the record says that it may be double", async (to) => {
      const [code, bill, advert] = await sendEachClass(product(), to);
      expect([code.status, bill.status, advert.status]).toEqual(["delivered", "delivered", "delivered"]);
      const [codes = 0, ...others] = await countCopies(product(), [code, bill, advert]);
      expect(others).toEqual([1, 1]);
      expect([bill.possible_double, advert.possible_double]).toEqual([false, false]);
      expect(codes).toBeGreaterThanOrEqual(1);
      expect(code.possible_double || codes === 1).toBe(true);
    });
  });
}

/** One message of each class, with its decisions, when all have come to their end. */
async function sendEachClass(product: ProductFace, to: string) {
  const [code, bill, advert] = await Promise.all(
    CLASSES.map(async (smsType) => {
      const body = { to, message: product.traces.newText(), sms_type: smsType, ttl_seconds: LIFE_S };
      const { tracking_id: id } = await product.client.send(body);
      await product.client.waitForFinal(id, { timeoutMs: ENDED_WITHIN_MS });
      // A code's own text is masked in what the API shows.
      return { ...(await readTraced(product, id)), text: body.message };
    }),
  );
  if (code === undefined || bill === undefined || advert === undefined) throw new Error("not every class was sent");
  return [code, bill, advert] as const;
}

type TracedView = Pick<MessageView, "to" | "status" | "attempts" | "possible_double" | "trace">;

async function readTraced(product: ProductFace, id: string): Promise<TracedView> {
  const { status, text } = await product.get(`/api/v1/sms/${id}?trace=true`);
  expect(status).toBe(200);
  return JSON.parse(text);
}

function stepsOf({ trace = [] }: TracedView): string[] {
  return trace.map(({ step }) => step);
}

type SentView = { readonly to: string; readonly text: string };

function countCopies(product: ProductFace, views: readonly SentView[]): Promise<number[]> {
  return Promise.all(views.map(({ to, text }) => countArrivals(product, to, text)));
}

function sendCodes(product: ProductFace): Promise<SentRequest[]> {
  const fields = { sms_type: "otp" };
  return Promise.all(Array.from({ length: OPEN_CODES }, () => sendText(product, { fields })));
}

function waitForEnd(product: ProductFace, { answer }: SentRequest): Promise<MessageView> {
  return product.client.waitForFinal(textOf(answer, "tracking_id"), { timeoutMs: 2 * TAKEN_OVER_WITHIN_MS });
}
