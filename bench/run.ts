/**
 * `make bench`: accept rate and latency at 64 keep-alive connections against a bare Fastify route with the same schema,
 * messages per second from POST to `sent`, how soon a single message reaches its provider, and memory; all in one run on
 * one machine. Only the ratios compare between machines. `--quick` takes 5 s a run instead of 20 s; `--standalone`
 * measures the shape without servers.
 */
import { execFileSync } from "node:child_process";
import { findFreePort, waitFor } from "@sms-gateway/testkit";
import { Client } from "pg";
import { type LoadResult, postLoad, postSingles } from "./load.ts";
import { endProcess, openBenchFolder, type Stack, startProcess, startStack } from "./stack.ts";

const CONNECTIONS = 64;
const WARM_UP_S = 2;
const seconds = process.argv.includes("--quick") ? 5 : 20;
const shape = process.argv.includes("--standalone") ? "standalone" : "docker";
/** Longest wait for the queue to be worked off. */
const SENT_WITHIN_MS = 15 * 60_000;
/** Messages sent one after the other, each with all of the machine to itself. */
const SINGLES = 200;
const SINGLES_EVERY_MS = 100;

/** How long single messages took from acceptance, in milliseconds. */
interface Latency {
  readonly openedP50Ms: number;
  readonly openedP99Ms: number;
  readonly sentP50Ms: number;
  readonly sentP99Ms: number;
}

const folder = await openBenchFolder();
try {
  const bare = await measureBareRoute();
  await measureStack(bare);
} finally {
  await folder.remove();
}

async function measureStack(bare: LoadResult): Promise<void> {
  const stack = await startStack(folder, shape);
  try {
    const idleMb = memoryOf(stack);
    await postLoad(stack.gatewayUrl, { connections: CONNECTIONS, seconds: WARM_UP_S });
    await allSent(stack.databaseUrl);
    const latency = await measureSingles(stack);
    const startedAtMs = Date.now();
    const gateway = await postLoad(stack.gatewayUrl, { connections: CONNECTIONS, seconds });
    const sent = await allSent(stack.databaseUrl, startedAtMs);
    report({ bare, gateway, sent, latency });
    console.log(`memory of our processes ${idleMb} MB idle, ${memoryOf(stack)} MB after the load\n`);
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

/** One message at a time: what a single login code meets. */
async function measureSingles({ gatewayUrl, databaseUrl }: Stack): Promise<Latency> {
  const startedAt = new Date();
  await postSingles(gatewayUrl, { count: SINGLES, everyMs: SINGLES_EVERY_MS });
  await allSent(databaseUrl, startedAt.getTime());
  return await query(databaseUrl, async (client) => {
    const { rows } = await client.query<Latency>(
      `select percentile_cont(0.5) within group (order by opened) as "openedP50Ms",
              percentile_cont(0.99) within group (order by opened) as "openedP99Ms",
              percentile_cont(0.5) within group (order by sent) as "sentP50Ms",
              percentile_cont(0.99) within group (order by sent) as "sentP99Ms"
       from (select extract(epoch from a.started_at - m.accepted_at)::float * 1000 as opened,
                    extract(epoch from m.sent_at - m.accepted_at)::float * 1000 as sent
             from messages m join attempts a on a.message_id = m.id where m.accepted_at >= $1) as each`,
      [startedAt],
    );
    const [latency] = rows;
    if (latency === undefined) throw new Error("no single message was sent");
    return latency;
  });
}

/** Waits until nothing is left to send; returns how many were sent since `sinceMs`, and in how long. */
function allSent(databaseUrl: string, sinceMs = 0): Promise<{ messages: number; tookS: number }> {
  return query(databaseUrl, async (client) => {
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
  });
}

async function query<T>(databaseUrl: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}

/** Resident memory of gateway and worker, in MB; the servers' own is not in it. */
function memoryOf({ pids }: Stack): number {
  const output = execFileSync("ps", ["-o", "rss=", "-p", pids.join(",")], { encoding: "utf8" });
  const kilobytes = output.trim().split("\n").map(Number);
  return Math.round(kilobytes.reduce((sum, each) => sum + each, 0) / 1024);
}

interface Findings {
  readonly bare: LoadResult;
  readonly gateway: LoadResult;
  readonly sent: { readonly messages: number; readonly tookS: number };
  readonly latency: Latency;
}

function report({ bare, gateway, sent, latency }: Findings): void {
  const line = (name: string, r: LoadResult) =>
    `${name.padEnd(22)} ${r.perSecond.toFixed(0).padStart(8)} /s   p50 ${r.p50Ms} ms   p99 ${r.p99Ms} ms   failures ${r.failures}`;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  console.log(`
Shape ${shape}; ${CONNECTIONS} keep-alive connections, ${seconds} s each, load generator and every server on the same machine
${line("bare Fastify route", bare)}
${line("gateway: accepted", gateway)}
ratio                  ${(gateway.perSecond / bare.perSecond).toFixed(3)}
from POST to sent      ${(sent.messages / sent.tookS).toFixed(0).padStart(8)} messages/s (${sent.messages} messages in ${sent.tookS.toFixed(1)} s)
${SINGLES} single messages, one every ${SINGLES_EVERY_MS} ms: accepted → attempt opened p50 ${ms(latency.openedP50Ms)}, p99 ${ms(latency.openedP99Ms)}; accepted → provider's answer p50 ${ms(latency.sentP50Ms)}, p99 ${ms(latency.sentP99Ms)}`);
  if (gateway.failures > 0 || sent.messages < gateway.answers) {
    console.error(
      `Not every request was accepted, or not every accepted one was sent: ${gateway.answers} accepted, ${sent.messages} sent.`,
    );
    process.exitCode = 1;
  }
}
