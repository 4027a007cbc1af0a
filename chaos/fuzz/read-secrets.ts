import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "@sms-gateway/embedded-postgres";
import type { World } from "../world/world.ts";
import type { Secret } from "./find-leak.ts";

const SECRET_NAMES = /(SECRET|TOKEN|PASSWORD|AUTH|_KEY)/;
const ADDRESS_NAMES = /_URL$/;
/** Anything shorter is found in any answer. */
const LENGTH_MIN = 8;

/** What no answer of a world's processes may hold: its keys, and the secrets in their settings where Linux shows those. */
export async function readSecrets({ keys }: World): Promise<Secret[]> {
  const own = Object.entries(keys).map(([name, value]) => ({ name: `the key ${name}`, value }));
  const settings = (await listServices()).flatMap(({ settings }) => settings).flatMap(readSetting);
  return [...own, ...settings].filter(({ value }) => value.length >= LENGTH_MIN);
}

/** The built services that this process has started and that are alive, by process id. Linux only. */
export async function listServices(): Promise<{ readonly pid: number; readonly settings: readonly string[] }[]> {
  if (process.platform !== "linux") return [];
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 0);
  const found = await Promise.all(
    pids.map(async (pid) => {
      if (!(await isOwnService(pid))) return [];
      return [{ pid, settings: (await readProcess(pid, "environ")).split("\0") }];
    }),
  );
  return found.flat();
}

async function isOwnService(pid: number): Promise<boolean> {
  // After the name in brackets: state, then the parent.
  const parent = (await readProcess(pid, "stat")).split(") ").at(-1)?.split(" ")[1];
  if (Number(parent) !== process.pid) return false;
  return /services\/[\w-]+\/dist\/main\.js/.test(await readProcess(pid, "cmdline"));
}

/** Empty when it has ended meanwhile. */
async function readProcess(pid: number, file: string): Promise<string> {
  try {
    return await readFile(join("/proc", `${pid}`, file), "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH") || hasCode(error, "EACCES")) return "";
    throw error;
  }
}

function readSetting(setting: string): Secret[] {
  const [name = "", ...rest] = setting.split("=");
  const value = rest.join("=");
  if (SECRET_NAMES.test(name)) return [{ name, value }];
  if (!ADDRESS_NAMES.test(name) || !URL.canParse(value)) return [];
  return [{ name: `the password in ${name}`, value: new URL(value).password }];
}
