import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { findEmbeddedPrograms, hasCode } from "@sms-gateway/embedded-postgres";
import type { ServerKind } from "./running-server.ts";
import type { TestServersConfig } from "./test-servers-config.ts";

/** Where programs may be found. */
type ProgramSearch = Pick<TestServersConfig, "path" | "postgresPrograms">;

/** Where Debian keeps one folder of Postgres programs per major version; they are not in PATH. */
const POSTGRES_VERSIONS = "/usr/lib/postgresql";
/** Debian's `rabbitmq-server` in PATH is a wrapper that insists on the system's user, node and folders. */
const RABBITMQ_BIN = "/usr/lib/rabbitmq/bin";

/**
 * The folders that hold Postgres programs: of this machine, newest version first, PATH last; then those that come with
 * this project's packages, which alone count when they are asked for by name.
 */
export function findPostgresFolders({ path, postgresPrograms }: ProgramSearch): string[] {
  const embedded = findEmbeddedPrograms();
  const own = "folder" in embedded ? [embedded.folder] : [];
  return postgresPrograms === "embedded" ? own : [...findSystemPostgresFolders(path), ...own];
}

function findSystemPostgresFolders(path: string): string[] {
  const versions = listIfThere(POSTGRES_VERSIONS)
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(b) - Number(a));
  const folders = [...versions.map((version) => join(POSTGRES_VERSIONS, version, "bin")), ...path.split(delimiter)];
  return folders.filter((folder) => isProgram(join(folder, "postgres")) && isProgram(join(folder, "initdb")));
}

/** `redis-server`, or `valkey-server` which speaks the same protocol. */
export function findRedisProgram(path: string): string | undefined {
  return findInPath("redis-server", path) ?? findInPath("valkey-server", path);
}

/** RabbitMQ's server and control programs and Erlang's port mapper. */
export function findRabbitmqPrograms(path: string): { server: string; ctl: string; epmd: string } | undefined {
  const search = `${RABBITMQ_BIN}${delimiter}${path}`;
  const server = findInPath("rabbitmq-server", search);
  const ctl = findInPath("rabbitmqctl", search);
  const epmd = findInPath("epmd", search);
  return server === undefined || ctl === undefined || epmd === undefined ? undefined : { server, ctl, epmd };
}

/** Whether this machine has the programs to start that kind of server. */
export function hasServerPrograms(kind: ServerKind, path: string): boolean {
  switch (kind) {
    case "postgres":
      return findPostgresFolders({ path, postgresPrograms: "any" }).length > 0;
    case "redis":
      return findRedisProgram(path) !== undefined;
    case "rabbitmq":
      return findRabbitmqPrograms(path) !== undefined;
  }
}

function findInPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES")) return false;
    throw error;
  }
}

function listIfThere(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
