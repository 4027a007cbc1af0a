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
 * @throws OperatorError naming the setting when a port is none, or two are the same
 */
export function listPrograms(environment: Environment): LocalProgram[] {
  const lab = readPort(environment, "LAB_PORT", environment.LAB_HOST ?? "127.0.0.1");
  const gateway = readPort(environment, "GATEWAY_PORT", environment.GATEWAY_HOST ?? "0.0.0.0");
  const worker = readPort(environment, "WORKER_PORT", environment.WORKER_HOST ?? "0.0.0.0");
  const programs: LocalProgram[] = [
    { name: "standalone", ports: [gateway, worker], readyUrls: [urlOf(gateway, "/readyz"), urlOf(worker, "/readyz")] },
  ];
  if (isLabWanted(environment)) {
    programs.unshift({ name: "carrier-lab", ports: [lab], readyUrls: [urlOf(lab, "/healthz")] });
  }
  refuseTwins(programs.flatMap((program) => program.ports));
  return programs;
}

/** Whether the simulated carriers are asked for. */
export function isLabWanted({ LAB }: Environment): boolean {
  return !/^(false|0|no)$/i.test(LAB?.trim() ?? "");
}

/** A port as it is set, else its default. @throws OperatorError when it is no number from 1 to 65535 */
export function portOf(environment: Environment, setting: PortSetting): number {
  const text = environment[setting]?.trim() || `${DEFAULT_PORTS[setting]}`;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new OperatorError(`${setting} must be a port from 1 to 65535, but is "${text}".`);
}

function readPort(environment: Environment, setting: PortSetting, host: string): WantedPort {
  return { setting, host, port: portOf(environment, setting) };
}

/** Under which address this machine itself reaches what listens there. */
function urlOf({ host, port }: WantedPort, path: string): string {
  const own = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${own.includes(":") ? `[${own}]` : own}:${port}${path}`;
}

function refuseTwins(ports: readonly WantedPort[]): void {
  for (const [index, { setting, port }] of ports.entries()) {
    const twin = ports.slice(index + 1).find((other) => other.port === port);
    if (twin !== undefined) throw new OperatorError(`${setting} and ${twin.setting} are both ${port}: change one.`);
  }
}
