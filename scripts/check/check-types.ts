import type { CheckReport } from "./check-report.ts";
import type { Repository } from "./repository.ts";
import { findingsOf, runTool } from "./run-tool.ts";

/**
 * Types, twice: the build (what ships, per package, against each other's declarations), then every file with its tests
 * against sources.
 */
export async function checkTypes({ root }: Repository): Promise<CheckReport> {
  const build = findingsOf(await runTool(root, "tsc", ["-b", "--pretty", "false"]), "tsc -b");
  const all = findingsOf(await runTool(root, "tsc", ["-p", "tsconfig.check.json", "--pretty", "false"]), "tsc");
  return { findings: [...new Set([...build, ...all])] };
}
