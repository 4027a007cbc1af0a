import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { ServerKind } from "@sms-gateway/testkit";
import { shellEnvironment } from "./operate/shell-config.ts";

const PACKAGE_OF = { postgres: "postgresql", redis: "redis-server", rabbitmq: "rabbitmq-server" } as const;
const APT_TIMEOUT_MS = 300_000;

/**
 * Installs the programs of those servers, if this is root on Debian, and says so; else does nothing. RUNLEVEL=1 keeps
 * the packages from starting the system's own servers where no systemd runs (containers); no test uses those anyway.
 */
export async function installServerPrograms(kinds: readonly ServerKind[]): Promise<void> {
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return;
  const packages = kinds.map((kind) => PACKAGE_OF[kind]);
  console.log(`test: INSTALLING ${packages.join(", ")}: RUNLEVEL=1 apt-get install ${packages.join(" ")}`);
  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  // The package lists may be missing or old; that shows as a failed install.
  if ((await runApt(install)) || ((await runApt(["update"])) && (await runApt(install)))) return;
  console.log(`test: apt-get could not install ${packages.join(", ")}`);
}

async function runApt(args: readonly string[]): Promise<boolean> {
  const apt = spawn("apt-get", ["-q", ...args], {
    env: { ...shellEnvironment(), RUNLEVEL: "1", DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "inherit", "inherit"],
    timeout: APT_TIMEOUT_MS,
  });
  const [code] = await once(apt, "exit");
  return code === 0;
}
