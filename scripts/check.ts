import { join } from "node:path";
import { checkBudgets } from "./check/check-budgets.ts";
import { checkDeadCode } from "./check/check-dead-code.ts";
import { checkDocs } from "./check/check-docs.ts";
import { checkFormatAndLint } from "./check/check-format-and-lint.ts";
import { checkHabits } from "./check/check-habits.ts";
import { checkNames } from "./check/check-names.ts";
import { checkOpenapi } from "./check/check-openapi.ts";
import type { Check } from "./check/check-report.ts";
import { checkRooms } from "./check/check-rooms.ts";
import { checkTypes } from "./check/check-types.ts";
import { generateSources } from "./check/generate-sources.ts";
import { openRepository } from "./check/repository.ts";
import { runChecks } from "./check/run-checks.ts";

/** Runs first and alone: the others read what it writes. */
const GENERATE: Check = { name: "generate", about: "sources that packages/db generates", run: generateSources };

/** The slow ones first, so that the quick ones fill the gaps. */
const CHECKS: readonly Check[] = [
  { name: "types", about: "the build, then every file with its tests", run: checkTypes },
  { name: "biome", about: "format, lint, import order and cycles (biome.json)", run: checkFormatAndLint },
  { name: "knip", about: "dead exports, files and dependencies (knip.json)", run: checkDeadCode },
  { name: "openapi", about: "docs/swagger.yaml against the routes", run: checkOpenapi },
  { name: "docs", about: "errors, settings, states, targets, links, providers against the docs", run: checkDocs },
  { name: "rooms", about: "who may import whom, manifests and build references", run: checkRooms },
  { name: "budgets", about: "lines of files and functions", run: checkBudgets },
  { name: "names", about: "names of files, functions and tests, purpose lines, open tasks", run: checkNames },
  { name: "habits", about: "swallowed errors, casts, tests and checks switched off", run: checkHabits },
];

const wanted = process.argv.slice(2);
const known = CHECKS.map((check) => check.name);
const strangers = wanted.filter((name) => !known.includes(name));
if (strangers.length > 0) {
  console.error(`No such check: ${strangers.join(", ")}. There are:`);
  for (const { name, about } of CHECKS) console.error(`  ${name.padEnd(9)} ${about}`);
  process.exit(2);
}
const repository = await openRepository(join(import.meta.dirname, ".."));
const chosen = CHECKS.filter((check) => wanted.length === 0 || wanted.includes(check.name));
const failed = await runChecks(repository, { first: GENERATE, checks: chosen });
process.exitCode = failed === 0 ? 0 : 1;
