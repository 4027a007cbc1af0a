import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ROOT } from "@sms-gateway/testkit";

const GIT_TIMEOUT_MS = 10_000;

/** The commit of this checkout, with a mark when the working tree differs from it. */
export async function readCommit(): Promise<string> {
  const options = { cwd: ROOT, timeout: GIT_TIMEOUT_MS };
  const { stdout } = await promisify(execFile)("git", ["describe", "--always", "--dirty", "--abbrev=12"], options);
  return stdout.trim();
}
