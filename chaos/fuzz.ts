/**
 * Asks every operation of every process thousands of valid, nearly valid and hostile requests, made from the OpenAPI
 * documents that the processes serve, and judges from outside that each was answered as the contract says, that nothing
 * hangs, ends or leaks, and that messages still arrive afterwards. A finding names what makes its request again:
 * `--shape docker --seed 7 --route 'gateway POST /api/v1/sms/send' --only 42`. `--short` is about 200 requests per route.
 * The exit code is 0 only if there is no finding.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "@sms-gateway/testkit";
import { formatRoutes, listFindings } from "./fuzz/format-findings.ts";
import { type FuzzResult, runFuzz } from "./fuzz/run-fuzz.ts";
import { withRunFolder } from "./with-run-folder.ts";
import type { Shape } from "./world/world.ts";

const FOLDER = join(ROOT, ".data", "chaos");
const SHORT_REQUESTS = 200;
const REQUESTS = 2_000;
const SEED_MAX = 1_000_000;

const { values: wanted } = parseArgs({
  options: {
    seed: { type: "string" },
    requests: { type: "string" },
    short: { type: "boolean", default: false },
    route: { type: "string" },
    only: { type: "string" },
    shape: { type: "string" },
  },
});

process.exitCode = await run();

async function run(): Promise<number> {
  const seed = wanted.seed === undefined ? Math.floor(Math.random() * SEED_MAX) : Number(wanted.seed);
  const results: FuzzResult[] = [];
  for (const shape of chooseShapes()) results.push(await runShape(shape, seed));
  await mkdir(FOLDER, { recursive: true });
  const file = join(FOLDER, `fuzz-${seed}.json`);
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`);
  const findings = results.flatMap(listFindings).length;
  console.log(`\n${findings} findings (seed ${seed}); details in ${file}`);
  return findings === 0 ? 0 : 1;
}

function chooseShapes(): readonly Shape[] {
  if (wanted.shape === undefined) return ["docker", "standalone"];
  if (wanted.shape !== "docker" && wanted.shape !== "standalone") throw new Error(`there is no shape ${wanted.shape}`);
  return [wanted.shape];
}

async function runShape(shape: Shape, seed: number): Promise<FuzzResult> {
  console.log(`\nfuzzing ${shape} (seed ${seed})`);
  return withRunFolder(FOLDER, async (folder) => {
    const result = await runFuzz({
      shape,
      seed,
      requestsPerRoute: Number(wanted.requests ?? (wanted.short ? SHORT_REQUESTS : REQUESTS)),
      ...(wanted.route !== undefined && { route: wanted.route }),
      ...(wanted.only !== undefined && { only: Number(wanted.only) }),
      folder: folder.path,
      say: (text) => console.log(`  ${text}`),
    });
    console.log(`\n${formatRoutes(result.routes)}\n`);
    for (const finding of listFindings(result)) console.log(`  FINDING ${finding}`);
    return result;
  });
}
