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

const BODY = JSON.stringify({
  to: "+12025550123",
  message: "Hello! This is a test message.",
  sms_type: "transactional",
});
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
    body: BODY,
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

/** Posts one message every `everyMs`, so that none meets another. */
export async function postSingles(
  baseUrl: string,
  { count, everyMs }: { count: number; everyMs: number },
): Promise<void> {
  for (let posted = 0; posted < count; posted += 1) {
    const answer = await fetch(`${baseUrl}/api/v1/sms/send`, {
      method: "POST",
      headers: { "content-type": "application/json", "api-key": API_KEY },
      body: BODY,
      signal: AbortSignal.timeout(10_000),
    });
    if (answer.status !== 202)
      throw new Error(`a single message was answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
    await delay(everyMs);
  }
}
