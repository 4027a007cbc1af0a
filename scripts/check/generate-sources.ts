import { join } from "node:path";
import type { CheckReport } from "./check-report.ts";
import { readManifest } from "./package-manifest.ts";
import type { Repository } from "./repository.ts";
import { findingsOf, runProgram } from "./run-tool.ts";

/** Lets `packages/db` write its generated client, without which nothing that imports it has types. */
export async function generateSources(repository: Repository): Promise<CheckReport> {
  const manifest = readManifest(repository, "packages/db");
  if (manifest?.scripts.generate === undefined) return { findings: [] };
  const folder = join(repository.root, "packages/db");
  return { findings: findingsOf(await runProgram(folder, "npm", ["run", "--silent", "generate"]), "generate") };
}
