import { relative } from "node:path";
import type { CheckReport } from "./check-report.ts";
import type { Repository } from "./repository.ts";
import { runTool } from "./run-tool.ts";

/** Format, lint and import order, all by Biome (`biome.json` holds the rules). */
export async function checkFormatAndLint({ root }: Repository): Promise<CheckReport> {
  const result = await runTool(root, "biome", [
    "ci",
    ".",
    "--reporter=github",
    "--max-diagnostics=none",
    "--error-on-warnings",
  ]);
  if (result.exitCode === 0) return { findings: [] };
  const findings = result.output.split("\n").flatMap((line) => readDiagnostic(root, line));
  return { findings: findings.length > 0 ? findings : [result.output.trim()] };
}

/** A line of Biome's GitHub reporter: `::error title=<rule>,file=<path>,line=<n>,…::<message>`. Notices do not fail. */
function readDiagnostic(root: string, line: string): string[] {
  const parts = /^::(?:error|warning) title=([^,]*),file=([^,]*),line=(\d+)[^:]*::(.*)$/.exec(line);
  if (parts === null) return [];
  const [, rule = "", file = "", at = "", message = ""] = parts;
  return [`${relative(root, file)}:${at} ${rule}: ${message}`];
}
