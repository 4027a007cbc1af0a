import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { hasCode } from "./process-table.ts";
import type { ServerKind } from "./running-server.ts";

/** Where Debian keeps one folder of Postgres programs per major version; they are not in PATH. */
const POSTGRES_VERSIONS = "/usr/lib/postgresql";
/** Debian's `rabbitmq-server` in PATH is a wrapper that insists on the system's user, node and folders. */
const RABBITMQ_BIN = "/usr/lib/rabbitmq/bin";

/** The folders that may hold Postgres programs, newest version first, PATH last. */
export function findPostgresFolders(path: string): string[] {
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
      return findPostgresFolders(path).length > 0;
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
