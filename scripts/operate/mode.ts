import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DATA_FOLDER } from "./data-folders.ts";
import { dockerAnswers } from "./docker.ts";
import { settingOf } from "./env-file.ts";
import { OperatorError } from "./operator-error.ts";

export type Mode = "docker" | "standalone";
const MODE_FILE = join(DATA_FOLDER, "mode");

/** The servers of the docker shape; set by hand, each names a server of one's own. */
const SERVER_SETTINGS = ["RABBITMQ_URL", "REDIS_URL", "DATABASE_URL"] as const;

/** What the choice of a shape depends on. */
export interface ShapeFacts {
  /** What `MODE` says, if anything. */
  readonly wanted: string | undefined;
  /** Those of the servers' settings that are set. */
  readonly servers: readonly string[];
  /** The shape that `make up` used last here, whose data is therefore here. */
  readonly remembered: Mode | undefined;
  /** Asked only where nothing else decides, since an engine may take seconds to answer. */
  dockerAnswers(): boolean;
}

export interface ChosenShape {
  readonly mode: Mode;
  /** Completes "… since". */
  readonly why: string;
}

/**
 * Chooses the shape (architecture.md section 2): servers that are set decide what is possible, then `MODE`, then where
 * the data is, then whether a Docker Engine answers.
 *
 * @throws OperatorError when the servers' settings belong to no shape, or when the data is where nothing can run.
 */
export function chooseShape({ wanted, servers, remembered, dockerAnswers: asksDocker }: ShapeFacts): ChosenShape {
  if (wanted !== undefined && wanted !== "" && wanted !== "docker" && wanted !== "standalone") {
    throw new OperatorError(`MODE must be docker or standalone, not "${wanted}".`);
  }
  refuseOwnServers(servers);
  if (servers.includes("DATABASE_URL")) {
    if (wanted !== "docker") return { mode: "standalone", why: "DATABASE_URL is set and RABBITMQ_URL is not" };
    throw new OperatorError(
      "MODE=docker brings a Postgres of its own and would not use the one of DATABASE_URL: unset one of the two.",
    );
  }
  if (wanted === "docker" || wanted === "standalone") return { mode: wanted, why: `MODE=${wanted}` };
  if (remembered === "standalone") {
    return { mode: "standalone", why: "its data is here from the last time (MODE=docker starts the other shape)" };
  }
  if (asksDocker()) return { mode: "docker", why: "a Docker Engine answers" };
  if (remembered === undefined) return { mode: "standalone", why: "no Docker Engine answers" };
  throw new OperatorError(`It ran in Docker Compose here the last time, with its data, and no Docker Engine answers now.
Start the engine and run "make up" again. To begin without Docker, with no messages: make up MODE=standalone`);
}

function refuseOwnServers(servers: readonly string[]): void {
  const missing = SERVER_SETTINGS.filter((name) => !servers.includes(name));
  if (missing.length === 0) {
    throw new OperatorError(`${SERVER_SETTINGS.join(", ")} are all set: servers of your own, which "make up" leaves alone.
Run the services yourself, with the settings of .env in their environment: make build, then
  node services/worker/dist/main.js      node services/gateway/dist/main.js
For a shape that "make up" starts, unset all three, or keep DATABASE_URL alone (standalone on your Postgres).`);
  }
  const brokers = servers.filter((name) => name !== "DATABASE_URL");
  if (brokers.length === 0) return;
  throw new OperatorError(`${brokers.join(" and ")} ${brokers.length === 1 ? "is" : "are"} set, but not ${missing.join(" and ")}: half a shape.
Set all three for servers of your own; or none, or DATABASE_URL alone, for a shape that "make up" starts.`);
}

/**
 * The shape by the environment and `.env`; `remembered` decides unless they do.
 * @throws OperatorError
 */
export function chooseMode(root: string, { remembered }: Pick<ShapeFacts, "remembered">): ChosenShape {
  return chooseShape({
    wanted: settingOf(root, "MODE", ""),
    servers: SERVER_SETTINGS.filter((name) => settingOf(root, name, "") !== ""),
    remembered,
    dockerAnswers,
  });
}

/** The shape for the commands that follow `make up`: `MODE` of the environment or `.env`, else the one that it used last. */
export function rememberedMode(root: string): Mode {
  const wanted = settingOf(root, "MODE", "");
  if (wanted === "docker" || wanted === "standalone") return wanted;
  return lastMode(root) ?? (dockerAnswers() ? "docker" : "standalone");
}

/** The shape that `make up` used last here. */
export function lastMode(root: string): Mode | undefined {
  const file = join(root, MODE_FILE);
  if (!existsSync(file)) return undefined;
  return readFileSync(file, "utf8").trim() === "standalone" ? "standalone" : "docker";
}

/** Keeps the shape for the commands that follow. */
export function rememberMode(root: string, mode: Mode): void {
  mkdirSync(join(root, DATA_FOLDER), { recursive: true });
  writeFileSync(join(root, MODE_FILE), `${mode}\n`);
}

/** After its data has gone, the shape is free to choose again. */
export function forgetMode(root: string): void {
  rmSync(join(root, MODE_FILE), { force: true });
}
