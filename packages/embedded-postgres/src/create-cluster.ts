import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { hasCode } from "./process-table.ts";
import { type Command, commandAs, SERVER_ENVIRONMENT, type ServerUser } from "./server-user.ts";

/** What a new cluster is made of. */
export type ClusterPlan = {
  /** The folder of `initdb` and `postgres`. */
  readonly programs: string;
  readonly runAs: ServerUser | undefined;
  readonly superuser: string;
  readonly password: string;
  /** Whether the new files are synced to the disk. */
  readonly durable: boolean;
  /** Statements run in the database `postgres` before anybody can connect, one per line. */
  readonly statements?: readonly string[];
};

/** About 1 s; slow disks take long to sync a thousand files. */
const PROGRAM_TIMEOUT_MS = 180_000;
const run = promisify(execFile);

/** The major version of Postgres that made the cluster, or undefined where there is none. */
export async function readClusterVersion(cluster: string): Promise<string | undefined> {
  try {
    return (await readFile(join(cluster, "PG_VERSION"), "utf8")).trim();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * Makes a cluster (UTF-8, sorted by code point, page checksums where they are the default, passwords for everybody).
 * Made aside and renamed when whole, so that a start killed meanwhile leaves nothing that could be taken for a cluster.
 * @param cluster a folder that does not exist yet, in one that belongs to the user of `runAs`
 * @throws Error with what initdb says, or when this process runs as a user without a name
 */
export async function createCluster(cluster: string, plan: ClusterPlan): Promise<void> {
  if (plan.runAs === undefined) refuseNamelessUser();
  const parent = dirname(cluster);
  const prefix = `${basename(cluster)}.new-`;
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix)) await rm(join(parent, name), { recursive: true, force: true, maxRetries: 3 });
  }
  // Another name each time: an initdb whose starter was killed may still be at work.
  const made = join(parent, `${prefix}${randomBytes(4).toString("hex")}`);
  const passwordFile = `${made}.password`;
  const { programs, runAs, superuser, durable } = plan;
  await mkdir(made, { mode: 0o700 });
  await writeFile(passwordFile, plan.password, { mode: 0o600 });
  if (runAs !== undefined) for (const path of [made, passwordFile]) await chown(path, runAs.uid, runAs.gid);
  const args = ["-D", made, "-U", superuser, `--pwfile=${passwordFile}`, "--auth=scram-sha-256", "--encoding=UTF8"];
  try {
    const sync = durable ? [] : ["--no-sync"];
    await runProgram(commandAs(runAs, join(programs, "initdb"), [...args, "--no-locale", ...sync]), parent);
  } finally {
    await rm(passwordFile, { force: true });
  }
  if (plan.statements !== undefined) await runStatements(made, plan, plan.statements);
  await rename(made, cluster);
  if (durable) await syncFolder(parent);
}

/** Makes renames and new names in a folder outlast a power loss. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** initdb looks its user up by name, whatever it is told, and says no more than that there is none. */
function refuseNamelessUser(): void {
  try {
    userInfo();
  } catch (error) {
    if (!hasCode(error, "ERR_SYSTEM_ERROR")) throw error;
    throw new Error(
      `Postgres cannot create its data as the user with id ${process.getuid?.()}, who has no line in /etc/passwd. ` +
        "Three ways out: run as a user that the system knows (docker run --user node), add a line for that id; " +
        "or set DATABASE_URL to a Postgres of your own",
      { cause: error },
    );
  }
}

async function runStatements(made: string, plan: ClusterPlan, statements: readonly string[]): Promise<void> {
  const args = ["--single", "-D", made, "-c", "exit_on_error=on", "-c", "log_min_error_statement=panic", "postgres"];
  await runProgram(commandAs(plan.runAs, join(plan.programs, "postgres"), args), made, `${statements.join("\n")}\n`);
}

async function runProgram({ program, args, runAs }: Command, cwd: string, input = ""): Promise<void> {
  const options = { ...runAs, env: { ...SERVER_ENVIRONMENT }, cwd, timeout: PROGRAM_TIMEOUT_MS };
  const running = run(program, [...args], options);
  running.child.stdin?.end(input);
  try {
    await running;
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`Postgres could not create its data: ${output || String(error)}`, { cause: error });
  }
}
