import type { CheckReport } from "./check-report.ts";
import type { Repository } from "./repository.ts";
import { findingsOf, runTool } from "./run-tool.ts";

const SCRIPT = "scripts/openapi.ts";

/** `docs/swagger.yaml` is what the routes say: the script that writes it compares it when called with `--check`. */
export async function checkOpenapi({ root, read }: Repository): Promise<CheckReport> {
  if (read(SCRIPT) === undefined) {
    return { findings: [`${SCRIPT} is missing: nothing compares docs/swagger.yaml with the routes`] };
  }
  const result = await runTool(root, "tsx", ["--conditions=@sms-gateway/source", SCRIPT, "--check"]);
  return { findings: findingsOf(result, SCRIPT) };
}
