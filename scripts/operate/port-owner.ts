import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { hasCode } from "@sms-gateway/embedded-postgres";
import { OperatorError } from "./operator-error.ts";

/** A port that a process of ours will listen on, and the setting that says so. */
export interface WantedPort {
  readonly setting: string;
  readonly host: string;
  readonly port: number;
}

/** Who listens on a port, as far as this user may see it. */
export interface PortOwner {
  readonly pid: number;
  readonly command: string | undefined;
  readonly folder: string | undefined;
}

const LOOK_TIMEOUT_MS = 5_000;
/** proc(5), /proc/net/tcp: the state of a socket that listens. */
const LISTENING = "0A";

/**
 * Looks whether all these ports can be listened on, before anything is started.
 * @throws OperatorError that says who has them, and what to do
 */
export async function refuseTakenPorts(ports: readonly WantedPort[]): Promise<void> {
  const faults: string[] = [];
  for (const wanted of ports) {
    const code = await tryPort(wanted);
    if (code !== undefined) faults.push(`  ${explainTakenPort(wanted, code, findPortOwner(wanted.port))}`);
  }
  if (faults.length === 0) return;
  const advice = "Stop that process, or set another port: in .env, or as in GATEWAY_PORT=8101 make up.";
  throw new OperatorError(["Nothing was started:", ...faults, advice].join("\n"));
}

/** Why nobody may listen there, such as EADDRINUSE; undefined when it can be listened on. */
export function tryPort({ host, port }: Pick<WantedPort, "host" | "port">): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
}

/** Finds the process that listens on a port of this machine; undefined when it is not to be seen. */
export function findPortOwner(port: number): PortOwner | undefined {
  const pid = process.platform === "linux" ? findListenerInProc(port) : askLsof(port);
  return pid === undefined ? undefined : { pid, command: commandOf(pid), folder: folderOf(pid) };
}

/** The line about one port that is not to be had, and what to do. */
export function explainTakenPort({ setting, host, port }: WantedPort, code: string, owner?: PortOwner): string {
  const about = `${setting}=${port}`;
  if (code === "EACCES") return `${about}: this user may not listen on ports below 1024. Choose a higher one.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return `${about}: ${host} is no address of this machine.`;
  if (code !== "EADDRINUSE") return `${about}: it cannot be listened on (${code}).`;
  if (owner === undefined) {
    return `${about}: taken by a process that is not to be seen from here; as root, "ss -ltnp" or "lsof -i :${port}" tells.`;
  }
  const command = owner.command === undefined ? "" : ` (${shorten(owner.command)})`;
  const folder = owner.folder === undefined ? "" : ` in ${owner.folder}`;
  return `${about}: taken by process ${owner.pid}${command}${folder}.`;
}

function shorten(command: string): string {
  const COMMAND_LENGTH_MAX = 120;
  return command.length > COMMAND_LENGTH_MAX ? `${command.slice(0, COMMAND_LENGTH_MAX)}…` : command;
}

function findListenerInProc(port: number): number | undefined {
  const sockets = new Set(["tcp", "tcp6"].flatMap((table) => listListeningSockets(`/proc/net/${table}`, port)));
  if (sockets.size === 0) return undefined;
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const pid = pids.find((candidate) => listOpenFiles(candidate).some((file) => sockets.has(file)));
  return pid === undefined ? undefined : Number(pid);
}

/** Names of the sockets that listen on that port, as they stand in a process's list of open files. */
function listListeningSockets(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const lines = (attempt(() => readFileSync(table, "utf8")) ?? "").split("\n").slice(1);
  return lines.flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return local?.endsWith(`:${wanted}`) && state === LISTENING ? [`socket:[${inode}]`] : [];
  });
}

function listOpenFiles(pid: string): string[] {
  const folder = `/proc/${pid}/fd`;
  const names = attempt(() => readdirSync(folder)) ?? [];
  return names.flatMap((name) => attempt(() => readlinkSync(`${folder}/${name}`)) ?? []);
}

function askLsof(port: number): number | undefined {
  const args = ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-t"];
  const { stdout } = spawnSync("lsof", args, { encoding: "utf8", timeout: LOOK_TIMEOUT_MS });
  const pid = Number.parseInt(stdout ?? "", 10);
  return Number.isNaN(pid) ? undefined : pid;
}

function commandOf(pid: number): string | undefined {
  const command =
    process.platform === "linux"
      ? attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"))?.replaceAll("\0", " ")
      : spawnSync("ps", ["-o", "command=", "-p", `${pid}`], { encoding: "utf8", timeout: LOOK_TIMEOUT_MS }).stdout;
  return command?.trim() || undefined;
}

function folderOf(pid: number): string | undefined {
  return process.platform === "linux" ? attempt(() => readlinkSync(`/proc/${pid}/cwd`)) : undefined;
}

/** Processes end while they are looked at, and those of other users may not be looked at. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH", "EACCES", "EPERM", "EINVAL")) return undefined;
    throw error;
  }
}
