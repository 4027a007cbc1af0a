import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { nameCluster } from "./cluster-processes.ts";
import { createCluster, readClusterVersion } from "./create-cluster.ts";
import { findEmbeddedPrograms } from "./embedded-programs.ts";
import { chooseServerUser, commandAs, SERVER_ENVIRONMENT, type ServerUser } from "./server-user.ts";
import { readDurable, writeDurably } from "./write-durably.ts";

/** A data folder with everything that a server needs to start in it. */
export type ServerHome = {
  /** Absolute and without symbolic links, as it is compared with what a running server was given. */
  readonly dataDir: string;
  readonly cluster: string;
  readonly logs: string;
  /** The folder of `initdb` and `postgres`. */
  readonly programs: string;
  /** Of these programs, such as "18.4". */
  readonly version: string;
  readonly runAs: ServerUser | undefined;
  readonly password: string;
  /** The same under whatever path (`nameCluster`). */
  readonly clusterName: string;
  /** What the server inherits of its starter's ownership of the folder (`FolderOwner`). */
  readonly lockFd: number | undefined;
};

/** The user and database of the gateway; not a superuser, for whom Postgres keeps connections free. */
export const SERVICE_NAME = "sms";

/** What lies where in a data folder. */
export function filesOf(dataDir: string) {
  return {
    cluster: join(dataDir, "cluster"),
    logs: join(dataDir, "logs"),
    password: join(dataDir, "password"),
    port: join(dataDir, "port"),
  } as const;
}

/** Under which the gateway reaches its server. */
export function addressOf(port: number, password: string): string {
  return `postgresql://${SERVICE_NAME}:${password}@127.0.0.1:${port}/${SERVICE_NAME}`;
}

const SUPERUSER = "postgres";
const PROGRAM_TIMEOUT_MS = 10_000;
const run = promisify(execFile);

/**
 * Prepares a data folder; on first use with a new cluster, password, user and database.
 * @param dataDir an existing folder that this process owns (`ownFolder`)
 * @param lockFd the lock that came with owning it
 * @throws Error that says what to do: programs missing, not startable by root, made by another version or user
 */
export async function openServerHome(dataDir: string, lockFd: number | undefined): Promise<ServerHome> {
  const found = findEmbeddedPrograms();
  if ("problem" in found) throw new Error(`${found.problem}; or set DATABASE_URL to a Postgres of your own`);
  const programs = found.folder;
  const { cluster, logs, password: passwordFile } = filesOf(dataDir);
  const runAs = await chooseServerUser(programs, cluster);
  const version = await readProgramVersion(runAs, programs);
  const made = await readClusterVersion(cluster);
  if (made !== undefined && made !== version.split(".")[0]) {
    throw new Error(`${cluster} was made by Postgres ${made}, and the programs of this version are ${version}`);
  }
  await mkdir(logs, { recursive: true, mode: 0o700 });
  if (runAs !== undefined) await chown(logs, runAs.uid, runAs.gid);
  const password = await keepPassword(passwordFile, { isNew: made === undefined, runAs });
  if (made === undefined) {
    await createCluster(cluster, {
      ...{ programs, runAs, superuser: SUPERUSER, password, durable: true },
      statements: [
        `create role ${SERVICE_NAME} login password '${password}'`,
        `create database ${SERVICE_NAME} owner ${SERVICE_NAME}`,
      ],
    });
  }
  const clusterName = await nameCluster(cluster);
  return { dataDir, cluster, logs, programs, version, runAs, password, clusterName, lockFd };
}

async function readProgramVersion(runAs: ServerUser | undefined, programs: string): Promise<string> {
  const command = commandAs(runAs, join(programs, "postgres"), ["--version"]);
  const { stdout } = await run(command.program, [...command.args], {
    ...command.runAs,
    env: { ...SERVER_ENVIRONMENT },
    cwd: "/",
    timeout: PROGRAM_TIMEOUT_MS,
  });
  const version = /\d+(\.\d+)?/.exec(stdout)?.[0];
  if (version === undefined) throw new Error(`${programs}/postgres does not tell its version: ${stdout}`);
  return version;
}

/** Made before the cluster, so that there is none without; letters and digits, which need no quoting anywhere. */
async function keepPassword(
  path: string,
  { isNew, runAs }: { isNew: boolean; runAs: ServerUser | undefined },
): Promise<string> {
  const kept = await readDurable(path);
  if (kept !== undefined && /^[0-9a-f]{48}$/.test(kept)) return kept;
  if (!isNew) throw new Error(`${path} is missing or damaged: without it nobody can log in to the data beside it`);
  const password = randomBytes(24).toString("hex");
  await writeDurably(path, `${password}\n`, runAs);
  return password;
}
