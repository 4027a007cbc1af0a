import type { CheckReport } from "./check-report.ts";
import type { Repository } from "./repository.ts";
import { findingsOf, runTool } from "./run-tool.ts";

/** Exports, files and dependencies that nobody uses, and dependencies that nobody declared, by knip (`knip.json`). */
export async function checkDeadCode({ root }: Repository): Promise<CheckReport> {
  return { findings: findingsOf(await runTool(root, "knip", ["--no-progress", "--no-config-hints"]), "knip") };
}
