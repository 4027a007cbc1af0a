/**
 * `make bench`: accept rate and latency at 64 keep-alive connections against a bare Fastify route with the same schema,
 * and messages per second from POST to `sent`, all in one run on one machine. Only the ratios compare between machines.
 * `--quick` takes 5 s a run instead of 20 s.
 */
import { findFreePort, waitFor } from "@sms-gateway/testkit";
import { Client } from "pg";
import { type LoadResult, postLoad } from "./load.ts";
import { endProcess, openBenchFolder, startProcess, startStack } from "./stack.ts";

const CONNECTIONS = 64;
const WARM_UP_S = 2;
const seconds = process.argv.includes("--quick") ? 5 : 20;
/** Longest wait for the queue to be worked off. */
const SENT_WITHIN_MS = 15 * 60_000;

const folder = await openBenchFolder();
try {
  const bare = await measureBareRoute();
  await measureStack(bare);
} finally {
  await folder.remove();
}

async function measureStack(bare: LoadResult): Promise<void> {
  const stack = await startStack(folder);
  try {
    await postLoad(stack.gatewayUrl, { connections: CONNECTIONS, seconds: WARM_UP_S });
    await allSent(stack.databaseUrl);
    const startedAtMs = Date.now();
    const gateway = await postLoad(stack.gatewayUrl, { connections: CONNECTIONS, seconds });
    const sent = await allSent(stack.databaseUrl, startedAtMs);
    report(bare, gateway, sent);
  } finally {
    await stack.stop();
  }
}

async function measureBareRoute(): Promise<LoadResult> {
  const port = await findFreePort();
  const child = await startProcess(folder.path, "bench/bare-route.ts", { argv: [String(port)] });
  try {
    const url = `http://127.0.0.1:${port}`;
    await waitFor(async () => (await fetch(url).catch((error: unknown) => error)) instanceof Response, {
      timeoutMs: 20_000,
      what: "the bare route",
    });
    await postLoad(url, { connections: CONNECTIONS, seconds: WARM_UP_S });
    return await postLoad(url, { connections: CONNECTIONS, seconds });
  } finally {
    await endProcess(child);
  }
}

/** Waits until nothing is left to send; returns how many were sent since `sinceMs`, and in how long. */
async function allSent(databaseUrl: string, sinceMs = 0): Promise<{ messages: number; tookS: number }> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    let seen = -1;
    await waitFor(
      async () => {
        const { rows } = await client.query("select count(*)::int as all, count(sent_at)::int as sent from messages");
        const done = rows[0].all === rows[0].sent && rows[0].all === seen && seen > 0;
        seen = rows[0].all;
        return done;
      },
      { timeoutMs: SENT_WITHIN_MS, intervalMs: 1_000, what: "every accepted message to be sent" },
    );
    const { rows } = await client.query(
      "select count(*)::int as messages, coalesce(extract(epoch from max(sent_at) - min(accepted_at)), 0)::float as took_s from messages where accepted_at >= $1",
      [new Date(sinceMs)],
    );
    return { messages: rows[0].messages, tookS: rows[0].took_s };
  } finally {
    await client.end();
  }
}

function report(bare: LoadResult, gateway: LoadResult, sent: { messages: number; tookS: number }): void {
  const line = (name: string, r: LoadResult) =>
    `${name.padEnd(22)} ${r.perSecond.toFixed(0).padStart(8)} /s   p50 ${r.p50Ms} ms   p99 ${r.p99Ms} ms   failures ${r.failures}`;
  console.log(`
${CONNECTIONS} keep-alive connections, ${seconds} s each, load generator and every server on the same machine
${line("bare Fastify route", bare)}
${line("gateway: accepted", gateway)}
ratio                  ${(gateway.perSecond / bare.perSecond).toFixed(3)}
from POST to sent      ${(sent.messages / sent.tookS).toFixed(0).padStart(8)} messages/s (${sent.messages} messages in ${sent.tookS.toFixed(1)} s)
`);
  if (gateway.failures > 0 || sent.messages < gateway.answers) {
    console.error(
      `Not every request was accepted, or not every accepted one was sent: ${gateway.answers} accepted, ${sent.messages} sent.`,
    );
    process.exitCode = 1;
  }
}
