import { spawnSync } from "node:child_process";
import { compose, dockerAnswers } from "./operate/docker.ts";

for (const args of [
  ["--yes", "pnpm@10", "--filter", "@sms-gateway/db", "run", "generate"],
  ["tsc", "-b"],
]) {
  const { status } = spawnSync("npx", args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
if (dockerAnswers()) compose("build");
else console.log("Packages are built. No Docker Engine answers, so no images.");
