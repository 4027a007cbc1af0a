import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type SettingProblem, SettingsError } from "@sms-gateway/runtime";
import { isLabWanted, listPortFaults, type ProgramName } from "./local-programs.ts";
import { OperatorError } from "./operator-error.ts";

/** What each program reads its settings with, in its `config.ts`. */
const LOADER_OF: Readonly<Record<ProgramName, string>> = {
  "carrier-lab": "loadCarrierLabSettings",
  standalone: "loadAllSettings",
};

/**
 * Reads the settings as the programs of the standalone shape will, before anything is built or started.
 * @throws OperatorError that names every setting that one of them refuses
 */
export async function refuseWrongSettings(root: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const ports = listPortFaults(environment);
  const problems = [
    ...(isLabWanted(environment) ? await listProblems(root, "carrier-lab", environment) : []),
    ...(await listProblems(root, "standalone", environment)),
  ];
  // What is wrong with a port is told already.
  const others = problems.filter(({ name }) => !ports.some((fault) => fault.startsWith(`${name} `)));
  const lines = new Set([...ports, ...others.map(({ name, problem }) => `${name} ${problem}`)]);
  if (lines.size === 0) return;
  const heading =
    lines.size === 1
      ? "Nothing was started: 1 setting is wrong."
      : `Nothing was started: ${lines.size} settings are wrong.`;
  throw new OperatorError([heading, ...[...lines].map((line) => `  ${line}`)].join("\n"));
}

async function listProblems(
  root: string,
  program: ProgramName,
  environment: Readonly<Record<string, string>>,
): Promise<readonly SettingProblem[]> {
  const path = `services/${program}/src/config.ts`;
  const config: unknown = await import(pathToFileURL(join(root, path)).href);
  const load: unknown =
    typeof config === "object" && config !== null ? Reflect.get(config, LOADER_OF[program]) : undefined;
  if (typeof load !== "function") throw new Error(`${path} does not export a function named ${LOADER_OF[program]}`);
  try {
    load(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}
