import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import {
  isFinalState,
  MESSAGE_STATES,
  type MessageList,
  type MessageSummary,
  type QueueOverview,
} from "@sms-gateway/contracts";
import { PROBE_PREFIX } from "../load/probe.ts";
import type { ClientRequest } from "../load/run-clients.ts";
import type { WorldFace } from "../world/world.ts";
import type { Copy, Evidence, SeenMessage } from "./judge.ts";

const PAGE = 500;
const ANSWER_TIMEOUT_MS = 20_000;
const TRIES_MAX = 10;
const PAUSE_MS = 500;
/** In which a recorded message is still worked on; what is only `accepted` has no row to be listed by. */
const OPEN_STATES = MESSAGE_STATES.filter((state) => state !== "accepted" && !isFinalState(state));

/** A lost group shows in the accounting after `ACCOUNTING_LOST_AFTER_S`; nothing is judged sooner after the load. */
const QUIET_MS = 25_000;

/**
 * Waits until the queues are empty and no recorded message is worked on any longer, or the time is over. What was promised
 * and is not recorded then is lost.
 */
export async function waitUntilSettled(world: WorldFace, withinMs: number): Promise<void> {
  const startedAtMs = performance.now();
  for (;;) {
    const elapsedMs = performance.now() - startedAtMs;
    if (elapsedMs > withinMs) return;
    const isOpen = elapsedMs < QUIET_MS || (await hasQueued(world)) || (await hasOpenMessages(world));
    if (!isOpen) return;
    await delay(PAUSE_MS);
  }
}

async function hasQueued(world: WorldFace): Promise<boolean> {
  const { queues } = await readJson<QueueOverview>(world, "/api/v1/admin/queues", world.keys.admin);
  return queues.some(({ depth }) => depth > 0);
}

async function hasOpenMessages(world: WorldFace): Promise<boolean> {
  for (const key of judgedKeys(world)) {
    for (const state of OPEN_STATES) {
      const { items } = await readJson<MessageList>(world, `/api/v1/sms?status=${state}&limit=1`, key);
      if (items.length > 0) return true;
    }
  }
  return false;
}

/** Groups and reports that nobody could read or use, per queue that has any. */
export async function readDeadLetters(world: WorldFace): Promise<string[]> {
  const { dead_letters: letters } = await readJson<QueueOverview>(world, "/api/v1/admin/queues", world.keys.admin);
  return letters.filter(({ kept }) => kept > 0).map(({ queue, kept }) => `${kept} dead letters of ${queue}`);
}

/** Everything that the judge looks at. */
export async function readEvidence(world: WorldFace, requests: readonly ClientRequest[]): Promise<Evidence> {
  const messages: SeenMessage[] = [];
  for (const key of judgedKeys(world)) {
    for (let cursor: string | null = ""; cursor !== null; ) {
      const path: string = `/api/v1/sms?limit=${PAGE}${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
      const page: MessageList = await readJson(world, path, key);
      messages.push(...page.items.map(toSeen).filter(({ to }) => !to.startsWith(PROBE_PREFIX)));
      cursor = page.has_more ? page.next_cursor : null;
    }
  }
  const listed = new Set(messages.map(({ id }) => id));
  const aliases = new Map<string, SeenMessage>();
  for (const { promised, unsureIds, plan } of requests) {
    for (const id of [...promised, ...unsureIds].filter((given) => !listed.has(given))) {
      const message = await readMessage(world, id, world.keys[plan.tenant]);
      if (message !== undefined) aliases.set(id, message);
    }
  }
  return { requests, messages, aliases, inbox: await readInbox(world.inboxFile) };
}

function judgedKeys({ keys }: WorldFace): readonly string[] {
  return [keys.unlimited, keys.counted];
}

function toSeen(message: MessageSummary): SeenMessage {
  const { id, to, status, possible_double: possibleDouble, expire_at: expireAt, updated_at: updatedAt } = message;
  const expireAtMs = expireAt === null ? Number.POSITIVE_INFINITY : Date.parse(expireAt);
  return { id, to, status, possibleDouble, expireAtMs, updatedAtMs: Date.parse(updatedAt) };
}

/** Undefined when it is not known, or known to be issued only. */
async function readMessage(world: WorldFace, id: string, apiKey: string): Promise<SeenMessage | undefined> {
  const answer = await ask(world, `/api/v1/sms/${id}`, apiKey);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw new Error(`GET of ${id} answered ${answer.status}: ${answer.text}`);
  const view: MessageSummary = JSON.parse(answer.text);
  return "to" in view ? toSeen(view) : undefined;
}

/** @throws Error when it answers other than 200 */
export async function readJson<T>(world: WorldFace, path: string, apiKey: string): Promise<T> {
  const { status, text } = await ask(world, path, apiKey);
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
  return JSON.parse(text);
}

/** Asks the workers in turn, and again while they are not there: by now all is healed, and reading is not what is tried. */
async function ask(world: WorldFace, path: string, apiKey: string): Promise<{ status: number; text: string }> {
  for (let tries = 1; ; tries += 1) {
    const url = world.workerUrls[tries % world.workerUrls.length] + path;
    try {
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const response = await fetch(url, { headers: { "api-key": apiKey }, signal });
      const text = await response.text();
      if (response.status !== 503 || tries >= TRIES_MAX) return { status: response.status, text };
    } catch (error) {
      if (tries >= TRIES_MAX) throw new Error(`no answer of ${url}`, { cause: error });
    }
    await delay(PAUSE_MS);
  }
}

interface InboxLine {
  readonly number: string;
  readonly m: string | null;
  readonly message: string;
  readonly received_at: string;
}

/** From the file: the lab writes a line for each text before it reports it. */
async function readInbox(file: string): Promise<Map<string, Copy[]>> {
  const inbox = new Map<string, Copy[]>();
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    const { number, m: id, message: text, received_at: receivedAt }: InboxLine = JSON.parse(line);
    if (number.startsWith(PROBE_PREFIX)) continue;
    const copy = { id, text, atMs: Date.parse(receivedAt) };
    const before = inbox.get(number);
    if (before === undefined) inbox.set(number, [copy]);
    else before.push(copy);
  }
  return inbox;
}
