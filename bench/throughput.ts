import { execFileSync } from "node:child_process";
import { findFreePort, type RunFolder, waitFor } from "@sms-gateway/testkit";
import { allSent, measureSpread, type Spread } from "./ask-database.ts";
import { type LoadResult, postLoad, postSingles } from "./load.ts";
import { formatMs, formatSpread, type Report } from "./report.ts";
import { endProcess, type Shape, type Stack, startProcess, startStack } from "./stack.ts";

const CONNECTIONS = 64;
const WARM_UP_S = 2;
const SECONDS = 20;
const SECONDS_QUICK = 5;
/** Messages sent one after the other, each with all of the machine to itself. */
const SINGLES = 200;
const SINGLES_EVERY_MS = 100;

/** Accept rate and latency against a bare route, messages per second from POST to `sent`, and how soon a single message is. */
export async function measureThroughput(folder: RunFolder, shape: Shape, isQuick: boolean): Promise<Report> {
  const seconds = isQuick ? SECONDS_QUICK : SECONDS;
  const bare = await measureBareRoute(folder, seconds);
  const stack = await startStack(folder, shape);
  try {
    const idleMb = memoryOf(stack);
    await postLoad(stack.gatewayUrl, { connections: CONNECTIONS, seconds: WARM_UP_S });
    await allSent(stack.databaseUrl);
    const singles = await measureSingles(stack);
    const startedAtMs = Date.now();
    const gateway = await postLoad(stack.gatewayUrl, { connections: CONNECTIONS, seconds });
    const sent = await allSent(stack.databaseUrl, startedAtMs);
    const memoryMb = { idle: idleMb, afterLoad: memoryOf(stack) };
    return describe({ seconds, bare, gateway, sent, singles, memoryMb });
  } finally {
    await stack.stop();
  }
}

async function measureBareRoute(folder: RunFolder, seconds: number): Promise<LoadResult> {
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

/** How long single messages took from acceptance. */
interface SingleSpreads {
  readonly opened: Spread;
  readonly sent: Spread;
}

/** One message at a time: what a single login code meets. */
async function measureSingles({ gatewayUrl, databaseUrl }: Stack): Promise<SingleSpreads> {
  const since = new Date();
  await postSingles(gatewayUrl, { count: SINGLES, everyMs: SINGLES_EVERY_MS });
  await allSent(databaseUrl, since.getTime());
  return {
    opened: await measureSpread(databaseUrl, { from: "accepted_at", to: "started_at", since }),
    sent: await measureSpread(databaseUrl, { from: "accepted_at", to: "sent_at", since }),
  };
}

/** Resident memory of gateway and worker, in MB; the servers' own is not in it. */
function memoryOf({ pids }: Stack): number {
  const output = execFileSync("ps", ["-o", "rss=", "-p", pids.join(",")], { encoding: "utf8" });
  const kilobytes = output.trim().split("\n").map(Number);
  return Math.round(kilobytes.reduce((sum, each) => sum + each, 0) / 1024);
}

interface Findings {
  readonly seconds: number;
  readonly bare: LoadResult;
  readonly gateway: LoadResult;
  readonly sent: { readonly messages: number; readonly tookS: number };
  readonly singles: SingleSpreads;
  readonly memoryMb: { readonly idle: number; readonly afterLoad: number };
}

function describe(findings: Findings): Report {
  const { seconds, bare, gateway, sent, singles, memoryMb } = findings;
  const ratio = gateway.perSecond / bare.perSecond;
  const sentPerSecond = sent.messages / sent.tookS;
  const isComplete = gateway.failures === 0 && sent.messages >= gateway.answers;
  return {
    about: `${CONNECTIONS} keep-alive connections, ${seconds} s each`,
    lines: [
      ["bare Fastify route", describeLoad(bare)],
      ["gateway: accepted", describeLoad(gateway)],
      ["ratio", ratio.toFixed(3)],
      [
        "from POST to sent",
        `${sentPerSecond.toFixed(0)} messages/s (${sent.messages} messages in ${sent.tookS.toFixed(1)} s)`,
      ],
      [`${SINGLES} single messages`, `one every ${SINGLES_EVERY_MS} ms`],
      ["  accepted → attempt opened", formatSpread(singles.opened)],
      ["  accepted → provider's answer", formatSpread(singles.sent)],
      ["memory of our processes", `${memoryMb.idle} MB idle, ${memoryMb.afterLoad} MB after the load`],
    ],
    figures: { ...findings, ratio, sentPerSecond },
    ...(isComplete
      ? {}
      : {
          fault: `${gateway.answers} accepted, ${gateway.failures} not, ${sent.messages} sent: not all was taken and sent`,
        }),
  };
}

function describeLoad({ perSecond, p50Ms, p99Ms, failures }: LoadResult): string {
  return `${perSecond.toFixed(0)} /s   p50 ${formatMs(p50Ms)}   p99 ${formatMs(p99Ms)}   failures ${failures}`;
}
