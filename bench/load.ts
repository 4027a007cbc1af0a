import { setTimeout as delay } from "node:timers/promises";
import autocannon from "autocannon";

/** What one run of load found. */
export interface LoadResult {
  /** Answers per second with the expected status. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly answers: number;
  /** Anything but 202, time-outs included. */
  readonly failures: number;
}

const BODY = { to: "+12025550123", message: "Hello! This is a test message.", sms_type: "transactional" };
/** For requests with a thousand recipients. */
const ANSWER_TIMEOUT_MS = 30_000;
const AT_ONCE = 4;
const API_KEY = "b57410a7-ea73-4b3d-811f-daa0bb565500";

/** Posts to `sms/send` over keep-alive connections for so many seconds. */
export async function postLoad(
  baseUrl: string,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<LoadResult> {
  const result = await autocannon({
    url: `${baseUrl}/api/v1/sms/send`,
    method: "POST",
    headers: { "content-type": "application/json", "api-key": API_KEY },
    body: JSON.stringify(BODY),
    connections,
    duration: seconds,
    timeout: 10,
  });
  const answers = result["2xx"];
  return {
    perSecond: answers / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    answers,
    failures: result.non2xx + result.errors + result.timeouts,
  };
}

/** Whose requests they are; the bootstrapped client's by default. */
export interface Sender {
  readonly apiKey?: string;
}

/** Posts one message every `everyMs`, so that none meets another. */
export async function postSingles(
  baseUrl: string,
  { count, everyMs, body = BODY }: { count: number; everyMs: number; body?: object },
): Promise<void> {
  for (let posted = 0; posted < count; posted += 1) {
    await post(baseUrl, body);
    await delay(everyMs);
  }
}

/** Posts these requests, a few at a time. */
export async function postInTurn(baseUrl: string, bodies: readonly object[], sender: Sender = {}): Promise<void> {
  const left = bodies.values();
  const connection = async (): Promise<void> => {
    for (const body of left) await post(baseUrl, body, sender);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, connection));
}

async function post(baseUrl: string, body: object, { apiKey = API_KEY }: Sender = {}): Promise<void> {
  const answer = await fetch(`${baseUrl}/api/v1/sms/send`, {
    method: "POST",
    headers: { "content-type": "application/json", "api-key": apiKey },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  if (answer.status !== 202) throw new Error(`a request was answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}
