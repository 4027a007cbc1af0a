import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Line, openLine, type TryResult } from "./ask-gateway.ts";
import type { PlannedRequest, Tenant } from "./plan-request.ts";
import type { Promised } from "./run-readers.ts";

/** One request and everything that its client was told about it. */
export interface ClientRequest {
  readonly plan: PlannedRequest;
  /** Promised with 202, in the order of the numbers; empty when it never was. */
  readonly promised: readonly string[];
  /** First ids of answers that left it open. */
  readonly unsureIds: readonly string[];
  /** Tries that may have been taken: all but those that were clearly refused. */
  readonly maybeTaken: number;
  /** Of the last answer. */
  readonly end: TryResult["kind"];
  /** Why it ended so; empty when it was accepted. */
  readonly why: string;
  readonly tries: number;
  /** Of these, how many somebody took and never answered. */
  readonly hung: number;
  /** When its client began and knew the end, in ms since 1970. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

export interface LoadOptions {
  readonly gateways: readonly string[];
  readonly apiKeys: Readonly<Record<Tenant, string>>;
  readonly plans: Iterator<PlannedRequest, void>;
  /** Messages offered per second: recipients, not requests. */
  readonly messagesPerSecond: number;
  /** Told of each promise. */
  readonly onPromise: (promised: readonly Promised[]) => void;
}

/** Clients at work until they are stopped. */
export interface Load {
  /** Messages offered so far. */
  offered(): number;
  /** Begins no more; resolves when every client knows its end, or has given up. */
  stop(): Promise<readonly ClientRequest[]>;
  /** Begins no more, and every client gives up. */
  abandon(): void;
}

/** Requests under way at most: a company has so many processes and no more. Beyond that the next ones begin later. */
const OPEN_MAX = 2_000;
/** How long a good client goes on asking, in ms. */
const GIVE_UP_AFTER_MS = 180_000;
const CARELESS_TRIES_MAX = 3;
const TICK_MS = 10;

/** Starts them. */
export function startLoad(options: LoadOptions): Load {
  const line = openLine(OPEN_MAX);
  const done: ClientRequest[] = [];
  const working = new Set<Promise<void>>();
  const startedAtMs = performance.now();
  let offered = 0;
  /** Time in which nothing was begun since too many were under way; it is not made up for. */
  let heldBackMs = 0;
  let lastTickMs = startedAtMs;
  const abandoned = new AbortController();

  const begin = (plan: PlannedRequest): void => {
    offered += plan.numbers.length;
    const work = runClient(line, { ...options, signal: abandoned.signal }, plan).then((request) => {
      done.push(request);
      working.delete(work);
    });
    working.add(work);
  };
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (working.size >= OPEN_MAX) heldBackMs += nowMs - lastTickMs;
    lastTickMs = nowMs;
    const due = ((nowMs - startedAtMs - heldBackMs) / 1000) * options.messagesPerSecond;
    while (offered < due && working.size < OPEN_MAX) {
      const { value } = options.plans.next();
      if (value === undefined) return;
      begin(value);
    }
  }, TICK_MS);
  return {
    offered: () => offered,
    async stop() {
      clearInterval(timer);
      while (working.size > 0) await Promise.all(working);
      line.close();
      return done;
    },
    abandon() {
      clearInterval(timer);
      abandoned.abort();
      line.close();
    },
  };
}

interface ClientOptions extends LoadOptions {
  readonly signal: AbortSignal;
}

/**
 * One client with one request. A good one asks again with the same key, another gateway if there is one, until it knows.
 * A careless one has no key: it asks again when no clear answer came, and gives up soon.
 */
async function runClient(line: Line, options: ClientOptions, plan: PlannedRequest): Promise<ClientRequest> {
  const startedAtMs = Date.now();
  const idempotencyKey = plan.manners === "good" ? randomUUID() : undefined;
  const body = JSON.stringify(toBody(plan, startedAtMs));
  const unsureIds: string[] = [];
  let maybeTaken = 0;
  let hung = 0;
  for (let tries = 1; ; tries += 1) {
    const url = options.gateways[(plan.index + tries) % options.gateways.length] ?? "";
    const result = await line.ask({ url, apiKey: options.apiKeys[plan.tenant], idempotencyKey, body });
    if (result.kind !== "refused" && result.kind !== "in_progress") maybeTaken += 1;
    if (result.kind === "unknown" && result.why === "no answer in time") hung += 1;
    if (result.kind === "unknown" && result.firstId !== undefined) unsureIds.push(result.firstId);
    const waitMs = waitBeforeNext(result);
    const hasTriesLeft =
      plan.manners === "good" ? Date.now() - startedAtMs < GIVE_UP_AFTER_MS : tries < CARELESS_TRIES_MAX;
    if (waitMs === undefined || !hasTriesLeft || options.signal.aborted) {
      const promised = result.kind === "accepted" ? result.ids : [];
      options.onPromise(namePromised(promised, plan, options.apiKeys[plan.tenant]));
      const why = "why" in result ? result.why : "";
      const end = { end: result.kind, why, tries, hung, startedAtMs, endedAtMs: Date.now() };
      return { plan, promised, unsureIds, maybeTaken, ...end };
    }
    // Spread out, so that clients that were refused together do not come back together.
    await delay(waitMs * (1 + Math.random()));
  }
}

function namePromised(ids: readonly string[], { numbers }: PlannedRequest, apiKey: string): Promised[] {
  return ids.flatMap((id, place) => {
    const number = numbers[place];
    return number === undefined ? [] : [{ id, number, apiKey }];
  });
}

/** None where asking again makes no sense. */
function waitBeforeNext(result: TryResult): number | undefined {
  if (result.kind === "accepted" || result.kind === "broken") return undefined;
  if (result.kind === "refused" && !result.again) return undefined;
  return result.waitMs;
}

function toBody(plan: PlannedRequest, nowMs: number): Readonly<Record<string, unknown>> {
  const { numbers, text, smsType, ttlS, scheduleInS } = plan;
  const scheduled =
    scheduleInS === undefined ? {} : { schedule_at: new Date(nowMs + scheduleInS * 1000).toISOString() };
  return { to: numbers, message: text, sms_type: smsType, ttl_seconds: ttlS, ...scheduled };
}
