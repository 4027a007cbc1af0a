import { randomUUID } from "node:crypto";
import { type Answer, noAnswer } from "./http-calls.ts";
import type { PostOptions, ProductFace } from "./product-face.ts";

/** One request of the load, with what is needed to judge later what became of it. */
export interface SentRequest {
  readonly to: string;
  readonly text: string;
  readonly idempotencyKey: string;
  readonly apiKey: string;
  /** When it was sent, in ms of `performance.now()`. */
  readonly sentAtMs: number;
  readonly answer: Answer;
}

export interface SendTextOptions {
  readonly apiKey?: string;
  readonly idempotencyKey?: string;
  /** Put behind the text, to make it longer. */
  readonly end?: string;
  /** Fields of the request beside recipient and text. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Sends one text of its own to a number of its own. A request without an answer has status 0. */
export async function sendText(product: ProductFace, options: SendTextOptions = {}): Promise<SentRequest> {
  const { fields = {}, idempotencyKey = randomUUID(), apiKey = product.apiKey, end = "" } = options;
  const [to, text] = [product.traces.newNumber(), product.traces.newText() + end];
  const sentAtMs = performance.now();
  const post: PostOptions = { idempotencyKey, apiKey };
  const answer = await product
    .send({ to, message: text, ...fields }, post)
    .catch((error: unknown) => noAnswer(error, performance.now() - sentAtMs));
  return { to, text, idempotencyKey, apiKey, sentAtMs, answer };
}

/** A steady stream of requests, whether answers come or not: slow answers never make it slower. */
export interface Load {
  /** Sends no more; resolves with every request in the order of sending, when all are answered. */
  stop(): Promise<SentRequest[]>;
}

/** Starts sending `perSecond` texts a second. */
export function startLoad(product: ProductFace, perSecond: number, options: SendTextOptions = {}): Load {
  const sending: Promise<SentRequest>[] = [];
  const startedAtMs = performance.now();
  const timer = setInterval(() => {
    // As many as are due by the clock: a busy machine fires timers late.
    const due = Math.floor(((performance.now() - startedAtMs) / 1000) * perSecond);
    while (sending.length < due) sending.push(sendText(product, options));
  }, 10);
  return {
    stop() {
      clearInterval(timer);
      return Promise.all(sending);
    },
  };
}
