import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { isFinalState, MESSAGE_STATES, type MessageList, type MessageSummary } from "@sms-gateway/contracts";
import { PROBE_PREFIX } from "../load/probe.ts";
import type { ClientRequest } from "../load/run-clients.ts";
import type { WorldFace } from "../world/world.ts";
import type { Evidence, SeenMessage } from "./judge.ts";

const PAGE = 500;
const ANSWER_TIMEOUT_MS = 20_000;
const TRIES_MAX = 10;
const PAUSE_MS = 500;
/** In which a recorded message is still worked on; what is only `accepted` has no row to be listed by. */
const OPEN_STATES = MESSAGE_STATES.filter((state) => state !== "accepted" && !isFinalState(state));

/** Waits until no recorded message is worked on any longer and every promised one is recorded, or the time is over. */
export async function waitUntilSettled(
  world: WorldFace,
  requests: readonly ClientRequest[],
  withinMs: number,
): Promise<void> {
  const endsAtMs = performance.now() + withinMs;
  const last = requests.toReversed().find(({ promised }) => promised.length > 0);
  while (performance.now() < endsAtMs) {
    const isOpen = (await hasOpenMessages(world)) || !(await isRecorded(world, last));
    if (!isOpen) return;
    await delay(PAUSE_MS);
  }
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

async function isRecorded(world: WorldFace, request: ClientRequest | undefined): Promise<boolean> {
  const id = request?.promised[0];
  if (request === undefined || id === undefined) return true;
  const message = await readMessage(world, id, world.keys[request.plan.tenant]);
  return message !== undefined;
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
  for (const { promised, plan } of requests) {
    for (const id of promised.filter((promisedId) => !listed.has(promisedId))) {
      const message = await readMessage(world, id, world.keys[plan.tenant]);
      if (message !== undefined) aliases.set(id, message);
    }
  }
  return { requests, messages, aliases, inbox: await readInbox(world.inboxFile) };
}

function judgedKeys({ keys }: WorldFace): readonly string[] {
  return [keys.unlimited, keys.counted];
}

function toSeen({ id, to, status, possible_double: possibleDouble }: MessageSummary): SeenMessage {
  return { id, to, status, possibleDouble };
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

/** From the file: the lab writes a line for each text before it reports it. */
async function readInbox(file: string): Promise<Map<string, (string | null)[]>> {
  const inbox = new Map<string, (string | null)[]>();
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    const { number, m }: { number: string; m: string | null } = JSON.parse(line);
    if (number.startsWith(PROBE_PREFIX)) continue;
    const before = inbox.get(number);
    if (before === undefined) inbox.set(number, [m]);
    else before.push(m);
  }
  return inbox;
}
