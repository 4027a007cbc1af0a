import { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { isFinalState, MESSAGE_STATES } from "@sms-gateway/contracts";
import { exchange, type HttpAnswer, nameFailure, parseObject } from "./exchange.ts";

/** A message that was promised to somebody, who looks now and then what became of it. */
export interface Promised {
  readonly id: string;
  readonly number: string;
  readonly apiKey: string;
}

/** What the readers were told. */
export interface ReadCount {
  readonly asked: number;
  readonly answered: number;
  /** Told with 503 that it cannot be read now. */
  readonly unavailable: number;
  /** No answer at all: nobody listened, or the connection broke. */
  readonly unanswered: number;
  /** Of whoever listened and gave no answer at all. */
  readonly hung: number;
  /** Answers that must not be. */
  readonly wrong: readonly string[];
}

/** Readers at work until they are stopped. */
export interface Readers {
  /** From now on these are looked at too; the oldest are looked at no longer. */
  add(promised: readonly Promised[]): void;
  stop(): Promise<ReadCount>;
}

const READERS = 8;
const PAUSE_MS = 250;
/** The newest, of which most still change. */
const KEPT_MAX = 2_000;
const WRONG_MAX = 100;

interface Remembered extends Promised {
  /** Of the last answer; undefined: it was not recorded yet. */
  seenStatus?: string;
}

type Counts = { -readonly [Key in Exclude<keyof ReadCount, "wrong">]: number };

/** Starts clients that ask the gateways for random messages of late, and compare what they are told with what they were. */
export function startReaders(gateways: readonly string[], readers = READERS): Readers {
  const agent = new Agent({ keepAlive: true, maxSockets: readers });
  const kept: Remembered[] = [];
  const counts: Counts = { asked: 0, answered: 0, unavailable: 0, unanswered: 0, hung: 0 };
  const wrong: string[] = [];
  let isOver = false;

  async function readOne(message: Remembered): Promise<void> {
    const gateway = gateways[counts.asked % gateways.length] ?? "";
    counts.asked += 1;
    const before = message.seenStatus;
    const answer = await ask(agent, gateway, message);
    if (answer === "no answer in time") counts.hung += 1;
    else if (typeof answer === "string") counts.unanswered += 1;
    else if (answer.status === 503 && isAnnounced(answer)) counts.unavailable += 1;
    else {
      counts.answered += 1;
      const fault = compare(message, before, answer);
      if (fault !== undefined && wrong.length < WRONG_MAX) wrong.push(`GET ${message.id}: ${fault}`);
    }
  }

  async function read(): Promise<void> {
    while (!isOver) {
      const message = kept[Math.floor(Math.random() * kept.length)];
      if (message !== undefined) await readOne(message);
      await delay(PAUSE_MS);
    }
  }

  const working = Array.from({ length: readers }, read);
  return {
    add(promised) {
      kept.push(...promised.map((message) => ({ ...message })));
      kept.splice(0, kept.length - KEPT_MAX);
    },
    async stop() {
      isOver = true;
      await Promise.all(working);
      agent.destroy();
      return { ...counts, wrong };
    },
  };
}

async function ask(agent: Agent, gateway: string, { id, apiKey }: Promised): Promise<HttpAnswer | string> {
  try {
    const headers = { "api-key": apiKey };
    return await exchange(agent, { url: `${gateway}/api/v1/sms/${id}`, method: "GET", headers });
  } catch (error) {
    return nameFailure(error);
  }
}

function isAnnounced({ text }: HttpAnswer): boolean {
  return typeof parseObject(text)?.error_code === "string";
}

/** What is wrong about an answer, if anything is, after what was known when it was asked for; remembers what was told. */
function compare(message: Remembered, before: string | undefined, { status, text }: HttpAnswer): string | undefined {
  if (status !== 200) return `${status} ${text.slice(0, 200)}`;
  const view = parseObject(text);
  if (view === undefined || typeof view.status !== "string") return `200 ${text.slice(0, 200)}`;
  // What is not recorded yet has no recipient in its answer.
  if (view.to === undefined) return before === undefined ? undefined : `was ${before}, and is not recorded any longer`;
  message.seenStatus = view.status;
  if (view.to !== message.number) return `is a message to ${String(view.to)}, not to ${message.number}`;
  // A late report may still say that it has arrived after all.
  if (isFinal(before) && view.status !== before && view.status !== "delivered")
    return `was ${before}, and is ${view.status}`;
  return undefined;
}

function isFinal(status: string | undefined): boolean {
  return MESSAGE_STATES.some((state) => state === status && isFinalState(state));
}
