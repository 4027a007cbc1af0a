/**
 * `make test`: builds, provides the servers, runs vitest once, ends what it started, whatever happens, and exits as
 * vitest did. Usage: `npx tsx --conditions=@sms-gateway/source scripts/test.ts [unit|int|e2e|path filter|--no-build]…`
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { captureTree, openRunFolder, readTestServersConfig } from "@sms-gateway/testkit";
import { explainForeignOwner } from "./operate/foreign-owner.ts";
import { shellEnvironment } from "./operate/shell-config.ts";
import { readTestArguments, type TestArguments } from "./test-arguments.ts";
import { provideServers, say, type TestEnvironment } from "./test-servers.ts";
import { summarizeResults } from "./test-summary.ts";

const ROOT = resolve(import.meta.dirname, "..");
const BIN = join(ROOT, "node_modules", ".bin");
const EXIT_CODE_OF = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type Capture = ReturnType<typeof captureTree>;
/** What runs at the moment, so that a signal reaches it; the exit code of the first signal, and what ran then. */
const current: { child?: ChildProcess; signalled?: number; atSignal?: Capture } = {};

async function main(): Promise<number> {
  const args = readTestArguments(process.argv.slice(2));
  const foreign = explainForeignOwner(ROOT, process.getuid?.());
  if (foreign !== undefined) throw new Error(foreign);
  const config = readTestServersConfig();
  const folder = await openRunFolder(join(ROOT, ".data", "test"));
  forwardSignals();
  try {
    const needsServers = args.projects.some((project) => project !== "unit");
    const starting = needsServers ? provideServers(config, folder.path) : Promise.resolve({});
    const [built, servers] = await Promise.allSettled([args.build ? build() : true, starting]);
    if (current.signalled !== undefined) return current.signalled;
    if (servers.status === "rejected") throw servers.reason;
    if (built.status === "rejected") throw built.reason;
    if (!built.value) {
      say("the build failed, so no test was run");
      return 1;
    }
    return await runTests(args, servers.value, join(folder.path, "results.json"));
  } finally {
    // Before the folder: a test process that outlives an interrupted vitest might still be starting a server in it.
    await (await current.atSignal)?.killRest();
    await folder.remove();
  }
}

/** Ctrl-C reaches the children by itself, a `kill` does not. The first signal ends the run, in order; more change nothing. */
function forwardSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      current.signalled ??= EXIT_CODE_OF[signal];
      say(`${signal}: stopping`);
      const { child } = current;
      if (child?.pid !== undefined) current.atSignal ??= captureTree(child.pid);
      if (signal !== "SIGINT") child?.kill(signal);
    });
  }
}

async function build(): Promise<boolean> {
  if (await hasScript("packages/db", "generate")) {
    const generated = await run("npx", ["--yes", "pnpm@10", "--filter", "@sms-gateway/db", "run", "generate"], {});
    if (generated !== 0) return false;
  }
  return (await run(join(BIN, "tsc"), ["-b"], {})) === 0;
}

async function hasScript(folder: string, name: string): Promise<boolean> {
  const manifest: unknown = JSON.parse(await readFile(join(ROOT, folder, "package.json"), "utf8"));
  if (typeof manifest !== "object" || manifest === null || !("scripts" in manifest)) return false;
  return typeof manifest.scripts === "object" && manifest.scripts !== null && name in manifest.scripts;
}

async function runTests(args: TestArguments, servers: TestEnvironment, resultsPath: string): Promise<number> {
  await rm(resultsPath, { force: true });
  const code = await run(
    join(BIN, "vitest"),
    [
      "run",
      ...args.projects.map((project) => `--project=${project}`),
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${resultsPath}`,
      ...args.forVitest,
    ],
    servers,
  );
  if (current.signalled !== undefined) return current.signalled;
  for (const line of await summarizeResults(resultsPath, ROOT)) say(line);
  return code;
}

async function run(program: string, args: readonly string[], environment: TestEnvironment): Promise<number> {
  if (current.signalled !== undefined) return current.signalled;
  const child = spawn(program, args, { cwd: ROOT, env: { ...shellEnvironment(), ...environment }, stdio: "inherit" });
  current.child = child;
  const [code] = await once(child, "exit");
  delete current.child;
  return typeof code === "number" ? code : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  // The messages of testkit are for people: they name the setting, or show the end of a server's log.
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
