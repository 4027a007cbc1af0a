import { OperatorError } from "./operator-error.ts";
import type { WantedPort } from "./port-owner.ts";

/** The processes of the standalone shape, in the order in which they are started; they are stopped in reverse. */
export const PROGRAM_NAMES = ["carrier-lab", "standalone"] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

/** A process of the standalone shape and where it is to be found. */
export interface LocalProgram {
  readonly name: ProgramName;
  readonly ports: readonly WantedPort[];
  /** Each answers 200 once the program is ready. */
  readonly readyUrls: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORTS = { GATEWAY_PORT: 8001, WORKER_PORT: 9000, LAB_PORT: 9100 } as const;
type PortSetting = keyof typeof DEFAULT_PORTS;

/**
 * The processes that these settings ask for: without the carrier lab where `LAB` is false.
 * @throws OperatorError naming each setting that is no port, or the same as another
 */
export function listPrograms(environment: Environment): LocalProgram[] {
  const faults = listPortFaults(environment);
  if (faults.length > 0) throw new OperatorError(faults.join("\n"));
  const gateway = readPort(environment, "GATEWAY_PORT", environment.GATEWAY_HOST ?? "0.0.0.0");
  const worker = readPort(environment, "WORKER_PORT", environment.WORKER_HOST ?? "0.0.0.0");
  const programs: LocalProgram[] = [
    { name: "standalone", ports: [gateway, worker], readyUrls: [urlOf(gateway, "/readyz"), urlOf(worker, "/readyz")] },
  ];
  if (isLabWanted(environment)) {
    const lab = readPort(environment, "LAB_PORT", environment.LAB_HOST ?? "127.0.0.1");
    programs.unshift({ name: "carrier-lab", ports: [lab], readyUrls: [urlOf(lab, "/healthz")] });
  }
  return programs;
}

/** The names of what `listPrograms` gives, whatever the ports are. */
export function listProgramNames(environment: Environment): ProgramName[] {
  return PROGRAM_NAMES.filter((name) => name !== "carrier-lab" || isLabWanted(environment));
}

/** Whether the simulated carriers are asked for. */
export function isLabWanted({ LAB }: Environment): boolean {
  return !/^(false|0|no)$/i.test(LAB?.trim() ?? "");
}

/** A port as it is set, else its default. @throws OperatorError when it is no number from 1 to 65535 */
export function portOf(environment: Environment, setting: PortSetting): number {
  const fault = findPortFault(environment, setting);
  if (fault !== undefined) throw new OperatorError(fault);
  return Number(textOf(environment, setting));
}

/** What is wrong with the ports of these settings, in words for people; nothing about a lab that is not wanted. */
export function listPortFaults(environment: Environment): string[] {
  const settings: PortSetting[] = [
    ...(isLabWanted(environment) ? (["LAB_PORT"] as const) : []),
    "GATEWAY_PORT",
    "WORKER_PORT",
  ];
  const faults = settings.flatMap((setting) => findPortFault(environment, setting) ?? []);
  if (faults.length > 0) return faults;
  return settings.flatMap((setting, index) => {
    const port = portOf(environment, setting);
    const twin = settings.slice(index + 1).find((other) => portOf(environment, other) === port);
    return twin === undefined ? [] : [`${setting} and ${twin} are both ${port}: change one.`];
  });
}

function findPortFault(environment: Environment, setting: PortSetting): string | undefined {
  const text = textOf(environment, setting);
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return undefined;
  return `${setting} must be a port from 1 to 65535, but is "${text}".`;
}

function textOf(environment: Environment, setting: PortSetting): string {
  return environment[setting]?.trim() || `${DEFAULT_PORTS[setting]}`;
}

function readPort(environment: Environment, setting: PortSetting, host: string): WantedPort {
  return { setting, host, port: portOf(environment, setting) };
}

/** Under which address this machine itself reaches what listens there. */
function urlOf({ host, port }: WantedPort, path: string): string {
  const own = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${own.includes(":") ? `[${own}]` : own}:${port}${path}`;
}
