import { setTimeout as delay } from "node:timers/promises";
import type { MessageList, MessageSummary, MessageView } from "@sms-gateway/contracts";
import { expect } from "vitest";
import { textOf } from "./http-calls.ts";
import { mapInTurns } from "./in-turns.ts";
import type { SentRequest } from "./load.ts";
import type { ProductFace } from "./product-face.ts";

/** Of reads at once: enough to be quick, few enough to leave the machine to what is tested. */
const AT_ONCE = 16;
const PAGE = 500;

export interface JudgeOptions {
  readonly timeoutMs?: number;
  /**
   * When no report could be taken, as wall clock in ms: the carrier tells once, so a message whose report fell into that
   * time may stay `sent`. Its text must have arrived all the same.
   */
  readonly reportsLost?: { readonly fromMs: number; readonly toMs: number };
}

/** From `sent` to the carrier's last report, in ms, with what a busy machine may add to it. */
const REPORT_WITHIN_MS = 3_000;

/** Whether a message is delivered, or sent with its report in the time when none could be taken. */
export function isDeliveredOrUntold(
  { status, sent_at: sentAt }: Pick<MessageSummary, "status" | "sent_at">,
  reportsLost: JudgeOptions["reportsLost"],
): boolean {
  if (status === "delivered") return true;
  if (status !== "sent" || sentAt === null || reportsLost === undefined) return false;
  const sentAtMs = Date.parse(sentAt);
  // Until then text and report may be on their way.
  if (Date.now() < sentAtMs + REPORT_WITHIN_MS) return false;
  return sentAtMs + REPORT_WITHIN_MS >= reportsLost.fromMs && sentAtMs <= reportsLost.toMs;
}

/** Waits until every message of these requests is delivered: by what the API says, and exactly once by its inbox. */
export async function expectDeliveredOnce(
  product: ProductFace,
  sent: readonly SentRequest[],
  { timeoutMs = 60_000, reportsLost }: JudgeOptions = {},
): Promise<void> {
  const endsAtMs = performance.now() + timeoutMs;
  let unsettled: readonly (MessageSummary | undefined)[];
  do {
    const views = await listSent(product, sent);
    unsettled = sent
      .map(({ answer }) => views.get(textOf(answer, "tracking_id")))
      .filter((view) => view === undefined || !isDeliveredOrUntold(view, reportsLost));
  } while (unsettled.length > 0 && performance.now() < endsAtMs && (await pause(250)));
  const inboxes = (await readTexts(product, sent)).map((texts) => texts.join(" + "));
  expect(inboxes).toEqual(sent.map(({ text }) => text));
  expect(unsettled.map((view) => view ?? "not recorded")).toEqual([]);
}

/** The messages of these requests by id, as far as they are recorded. */
async function listSent(product: ProductFace, sent: readonly SentRequest[]): Promise<Map<string, MessageSummary>> {
  const found = new Map<string, MessageSummary>();
  for (const apiKey of new Set(sent.map((request) => request.apiKey))) {
    const firstMs = Math.min(...sent.filter((request) => request.apiKey === apiKey).map(({ sentAtMs }) => sentAtMs));
    const dateFrom = new Date(performance.timeOrigin + firstMs - 1_000).toISOString();
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query = { date_from: dateFrom, limit: PAGE, ...(cursor === "" ? {} : { cursor }) };
      const page: MessageList = await product.clientOf(apiKey).listMessages(query);
      for (const item of page.items) found.set(item.id, item);
      cursor = page.has_more ? page.next_cursor : null;
    }
  }
  return found;
}

/** True after that time, for the condition of a loop. */
async function pause(ms: number): Promise<true> {
  await delay(ms);
  return true;
}

/** The texts in the inbox of each request's recipient. */
export function readTexts(product: ProductFace, sent: readonly SentRequest[]): Promise<string[][]> {
  return mapInTurns(sent, AT_ONCE, async ({ to }) => (await product.readInbox(to)).map(({ message }) => message));
}

/** Sends to a number of the lab and gives the message once it is final. */
export async function sendAndWait(product: ProductFace, to: string, fields: Readonly<Record<string, unknown>> = {}) {
  const text = product.traces.newText();
  const accepted = await product.client.send({ to, message: text, ...fields });
  const message = await product.client.waitForFinal(accepted.tracking_id, { timeoutMs: 60_000 });
  return { accepted, message, text };
}

/** How often this text arrived at a number that many tests share. */
export async function countArrivals(product: ProductFace, to: string, text: string): Promise<number> {
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
