import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, noAnswer } from "./http-calls.ts";
import type { SentRequest } from "./load.ts";
import type { ProductFace } from "./product-face.ts";

/** Clients of several gateways, at work until they are stopped. */
export interface GoodClients {
  /** Lets each finish what it began; resolves with every request and its last answer, and with all answers there were. */
  stop(): Promise<{ readonly sent: SentRequest[]; readonly answers: Answer[] }>;
  /** Answers so far, those that never came included. */
  countAnswers(): number;
}

export interface GoodClientsOptions {
  readonly gateways: readonly string[];
  /** Requests per second, writes and reads each. */
  readonly perSecond: number;
}

/** A gateway that restarts is away for seconds; the other one is there. */
const TRIES_MAX = 30;
const PAUSE_MS = 100;

/**
 * Clients as they should be: they keep their connections; when one is refused or ends without an answer they ask the next
 * gateway, with the same Idempotency-Key; while that is "in progress" they ask again. Each message is read once, some
 * time after it was accepted.
 */
export function startGoodClients(product: ProductFace, { gateways, perSecond }: GoodClientsOptions): GoodClients {
  const answers: Answer[] = [];
  const working: Promise<SentRequest>[] = [];
  const startedAtMs = performance.now();
  let turn = 0;

  async function ask(request: (gateway: string) => Promise<Answer>): Promise<Answer> {
    turn += 1;
    const firstTurn = turn;
    let last: Answer | undefined;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const askedAtMs = performance.now();
      last = await request(gateways[(firstTurn + tries) % gateways.length] ?? "").catch((error: unknown) =>
        noAnswer(error, performance.now() - askedAtMs),
      );
      answers.push(last);
      if (last.status !== 0 && last.status !== 409) return last;
      await delay(PAUSE_MS);
    }
    if (last === undefined) throw new Error("there is no gateway to ask");
    return last;
  }

  async function sendAndRead(): Promise<SentRequest> {
    const [to, text, idempotencyKey] = [product.traces.newNumber(), product.traces.newText(), randomUUID()];
    const { apiKey } = product;
    const sentAtMs = performance.now();
    const answer = await ask((url) =>
      product.postTo(url, "/api/v1/sms/send", { to, message: text }, { idempotencyKey }),
    );
    const { tracking_id: id } = answer.body;
    if (typeof id === "string") await ask((url) => product.getFrom(url, `/api/v1/sms/${id}`));
    return { to, text, idempotencyKey, apiKey, sentAtMs, answer };
  }

  const timer = setInterval(() => {
    // As many as are due by the clock: a busy machine fires timers late.
    const due = Math.floor(((performance.now() - startedAtMs) / 1000) * perSecond);
    while (working.length < due) working.push(sendAndRead());
  }, 10);
  return {
    async stop() {
      clearInterval(timer);
      return { sent: await Promise.all(working), answers };
    },
    countAnswers: () => answers.length,
  };
}
