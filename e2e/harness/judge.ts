import type { MessageView } from "@sms-gateway/contracts";
import { expect } from "vitest";
import { textOf } from "./http-calls.ts";
import { mapInTurns } from "./in-turns.ts";
import type { SentRequest } from "./load.ts";
import type { Product } from "./product.ts";

const AT_ONCE = 16;

/** Waits until every message of these requests is delivered: by what the API says, and exactly once by its inbox. */
export async function expectDeliveredOnce(
  product: Product,
  sent: readonly SentRequest[],
  timeoutMs = 30_000,
): Promise<void> {
  const endsAtMs = performance.now() + timeoutMs;
  const found = await mapInTurns(sent, AT_ONCE, async ({ answer, apiKey }) => {
    const id = textOf(answer, "tracking_id");
    const { status } = await product
      .clientOf(apiKey)
      .waitForFinal(id, { timeoutMs: Math.max(1, endsAtMs - performance.now()) });
    return status;
  });
  expect(countBy(found)).toEqual(countBy(sent.map(() => "delivered")));
  const inboxes = await readTexts(product, sent);
  expect(inboxes.map((texts) => texts.join())).toEqual(sent.map(({ text }) => text));
}

/** The texts in the inbox of each request's recipient. */
export function readTexts(product: Product, sent: readonly SentRequest[]): Promise<string[][]> {
  return mapInTurns(sent, AT_ONCE, async ({ to }) => (await product.readInbox(to)).map(({ message }) => message));
}

/** Sends to a number of the lab and gives the message once it is final. */
export async function sendAndWait(product: Product, to: string, fields: Readonly<Record<string, unknown>> = {}) {
  const text = product.traces.newText();
  const accepted = await product.client.send({ to, message: text, ...fields });
  const message = await product.client.waitForFinal(accepted.tracking_id, { timeoutMs: 45_000 });
  return { accepted, message, text };
}

/** How often this text arrived at a number that many tests share. */
export async function countArrivals(product: Product, to: string, text: string): Promise<number> {
  return (await product.readInbox(to)).filter(({ message }) => message === text).length;
}

/** The types of a message's events in their order, after checking that they are numbered without a gap. */
export function eventTypes({ events }: Pick<MessageView, "events">): string[] {
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  return events.map(({ type }) => type);
}

/** How often each value occurs. */
export function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
