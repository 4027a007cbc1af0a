import type { GatewaySettings } from "@sms-gateway/gateway";
import { loadGatewaySettings } from "@sms-gateway/gateway";
import {
  type Environment,
  loadSettings,
  logFileSetting,
  type SettingProblem,
  SettingsError,
} from "@sms-gateway/runtime";
import type { WorkerSettings } from "@sms-gateway/worker";
import { loadWorkerSettings } from "@sms-gateway/worker";
import { type Static, Type } from "typebox";

/** The settings of the standalone shape alone; those of gateway and worker hold as well. */
export const standaloneSettings = Type.Object({
  DATABASE_URL: Type.Optional(
    Type.String({
      description: "Address of Postgres. Standalone without it: an embedded Postgres in EMBEDDED_POSTGRES_DIR.",
      pattern: "^postgres(ql)?://",
      secret: true,
    }),
  ),
  EMBEDDED_POSTGRES_DIR: Type.String({
    description: "Folder of the embedded Postgres of the standalone shape.",
    minLength: 1,
    default: ".data/postgres",
  }),
  LOG_FILE: logFileSetting,
});

/** Everything that the one process reads. */
export interface AllSettings {
  readonly standalone: Static<typeof standaloneSettings>;
  readonly gateway: GatewaySettings;
  readonly worker: WorkerSettings;
}

/** Servers that this shape does without. */
const FOREIGN_SERVERS = ["RABBITMQ_URL", "REDIS_URL"] as const;

/**
 * Reads the settings of gateway and worker as one process has them: they find each other and the carrier lab by their
 * ports unless an address is set.
 *
 * @throws SettingsError that lists every bad setting, those of the other shape included.
 */
export function loadAllSettings(env: Environment = process.env): AllSettings {
  const shared = { ...deriveAddresses(env), ...dropEmpty(env) };
  const problems: SettingProblem[] = FOREIGN_SERVERS.filter((name) => env[name]).map((name) => ({
    name,
    problem:
      "belongs to the shape with servers: unset it, or set RABBITMQ_URL, REDIS_URL and DATABASE_URL and run that",
  }));
  const standalone = collect(problems, () => loadSettings(standaloneSettings, shared));
  const gateway = collect(problems, () => loadGatewaySettings(shared));
  const worker = collect(problems, () => loadWorkerSettings(shared));
  if (standalone === undefined || gateway === undefined || worker === undefined || problems.length > 0) {
    throw new SettingsError(dropRepeats(problems));
  }
  return { standalone, gateway, worker };
}

/** Where log lines go: needed before the settings are read, whose faults are logged. */
export function readLogFile(env: Environment = process.env): string | undefined {
  return env.LOG_FILE || undefined;
}

function collect<T>(problems: SettingProblem[], load: () => T): T | undefined {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** Gateway and worker name a bad setting that both read each for itself. */
function dropRepeats(problems: readonly SettingProblem[]): SettingProblem[] {
  return [...new Map(problems.map((problem) => [`${problem.name} ${problem.problem}`, problem])).values()];
}

function deriveAddresses(env: Environment): Environment {
  const worker = `http://${ownHost(env.WORKER_HOST)}:${env.WORKER_PORT || "9000"}`;
  const lab = `http://${ownHost(env.LAB_HOST)}:${env.LAB_PORT || "9100"}`;
  return { WORKER_URL: worker, PUBLIC_URL: worker, LAB_URL: lab };
}

/** Under which address this machine reaches what listens on `host`. */
function ownHost(host: string | undefined): string {
  if (host === undefined || ["", "0.0.0.0", "::"].includes(host)) return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

function dropEmpty(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
}
