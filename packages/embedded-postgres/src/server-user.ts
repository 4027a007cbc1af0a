import { execFile } from "node:child_process";
import { chown, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { hasCode } from "./process-table.ts";

/** As whom a program is run that refuses root; undefined means as oneself. */
export type ServerUser = {
  readonly uid: number;
  readonly gid: number;
  /** A right that it keeps of root's, to get through folders that are closed to it. */
  readonly capability?: Capability;
};

type Capability = "dac_read_search" | "dac_override";

/** How to run a program as somebody: what to hand to `spawn` or `execFile`. */
export type Command = {
  readonly program: string;
  readonly args: readonly string[];
  readonly runAs?: { readonly uid: number; readonly gid: number };
};

/** Everything that our Postgres programs learn from the environment. English messages: some are looked for. */
export const SERVER_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  TZ: "UTC",
};

/**
 * The least of root's rights first. Where the second is not to be had (the default of Docker), the third, which lets
 * it write as well; Postgres itself still refuses a data folder that is not its own.
 */
const CAPABILITIES: readonly (Capability | undefined)[] = [undefined, "dac_read_search", "dac_override"];
const PROBE_TIMEOUT_MS = 10_000;
const run = promisify(execFile);

/**
 * Postgres refuses to run as root, so root hands it to another user: the one whom the data belongs to already, else
 * `postgres`, else `nobody`. That user is given the folder that holds the data. Where it cannot reach that folder or
 * the programs (a clone in /root), it is given the right to pass, and no other folder is changed.
 * @param programs the folder of `initdb` and `postgres`
 * @param data the folder of the data, which need not exist yet, in one that does
 * @returns undefined when this process is not root and runs Postgres as itself
 * @throws Error that tells the ways out when nothing works
 */
export async function chooseServerUser(programs: string, data: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const account = (await findOwner(data)) ?? (await findUnprivilegedUser());
  const parent = dirname(data);
  const obstacles: string[] = [];
  try {
    await chown(parent, account.uid, account.gid);
  } catch (error) {
    if (!hasCode(error, "EPERM", "EINVAL", "ENOTSUP", "EROFS")) throw error;
    throw noWayError(account, { programs, parent, obstacles: [error instanceof Error ? error.message : ""] });
  }
  for (const capability of CAPABILITIES) {
    const user = { ...account, ...(capability === undefined ? {} : { capability }) };
    const obstacle =
      (await findObstacle(commandAs(user, join(programs, "postgres"), ["--version"]))) ??
      (await findObstacle(commandAs(user, "test", ["-w", parent])));
    if (obstacle === undefined) return user;
    obstacles.push(`${capability === undefined ? "as it is" : `with ${capability}`}: ${obstacle}`);
  }
  throw noWayError(account, { programs, parent, obstacles });
}

/** The command that runs a program as that user. */
export function commandAs(user: ServerUser | undefined, program: string, args: readonly string[]): Command {
  if (user === undefined) return { program, args };
  const { uid, gid, capability } = user;
  if (capability === undefined) return { program, args, runAs: { uid, gid } };
  const only = `-all,+${capability}`;
  const rights = [`--bounding-set=${only}`, `--inh-caps=${only}`, `--ambient-caps=${only}`];
  // Without this bit access(2) leaves capabilities out of account, and Postgres asks it before running its programs.
  const keep = "--securebits=+no_setuid_fixup";
  const who = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  return { program: "setpriv", args: [...who, keep, ...rights, "--", program, ...args] };
}

function noWayError(
  { uid }: ServerUser,
  { programs, parent, obstacles }: { programs: string; parent: string; obstacles: readonly string[] },
): Error {
  return new Error(
    `Postgres refuses to run as root, and the user with id ${uid} cannot run ${programs} on ${parent} ` +
      `(${obstacles.join("; ")}). Three ways out: put this project where every user may enter, such as /opt; ` +
      "run it as another user than root; or set DATABASE_URL to a Postgres of your own",
  );
}

async function findOwner(data: string): Promise<ServerUser | undefined> {
  try {
    const { uid, gid } = await stat(data);
    return uid === 0 ? undefined : { uid, gid };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function findUnprivilegedUser(): Promise<ServerUser> {
  const accounts = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const account = accounts.find(([name]) => name === "postgres") ?? accounts.find(([name]) => name === "nobody");
  if (account === undefined) throw new Error("Postgres refuses root, and there is no user postgres or nobody");
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

/** Tried, not calculated: modes, access lists, mount options and security modules all have a say. */
async function findObstacle({ program, args, runAs }: Command): Promise<string | undefined> {
  try {
    const options = { ...runAs, env: { ...SERVER_ENVIRONMENT }, cwd: "/", timeout: PROBE_TIMEOUT_MS };
    const { stderr } = await run(program, [...args], options);
    // Postgres that may be run but cannot find itself says so and goes on; initdb would not.
    return stderr.trim() || undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const output = "stderr" in error ? String(error.stderr).trim() : "";
    return output || error.message.trim();
  }
}
