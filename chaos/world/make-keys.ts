import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ROOT, waitFor } from "@sms-gateway/testkit";
import type { Keys } from "./world.ts";

/** More than a run ever sends, so that the quota refuses nobody and only counts. */
export const COUNTED_QUOTA = 10_000_000;

const ADMIN_TIMEOUT_MS = 30_000;
const KNOWN_WITHIN_MS = 30_000;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const API_KEY = /sk_(?:test|live)_[A-Za-z0-9_-]+/;
const run = promisify(execFile);

/** Makes the clients of a run by the admin CLI, as operators do; resolves when every gateway knows their keys. */
export async function makeKeys(databaseUrl: string, gatewayUrls: readonly string[], apiKey: string): Promise<Keys> {
  const admin = async (...words: string[]): Promise<string> => {
    const options = { cwd: ROOT, env: { DATABASE_URL: databaseUrl }, timeout: ADMIN_TIMEOUT_MS };
    return (await run(process.execPath, ["services/worker/dist/admin.js", ...words], options)).stdout;
  };
  const makeClient = async (name: string, ...keyOptions: string[]) => {
    const id = find(UUID, await admin("client", "create", `chaos-${name}`));
    return { id, key: find(API_KEY, await admin("key", "create", id, ...keyOptions)) };
  };
  const counted = await makeClient("counted");
  await admin("client", "limits", counted.id, "--daily-quota", `${COUNTED_QUOTA}`);
  const probe = await makeClient("probe");
  const operator = await makeClient("operator", "--scopes", "admin");
  const keys = { unlimited: apiKey, counted: counted.key, probe: probe.key, admin: operator.key };
  for (const url of gatewayUrls) {
    for (const key of [keys.unlimited, keys.counted, keys.probe]) await waitUntilKnown(url, key);
  }
  return keys;
}

async function waitUntilKnown(url: string, apiKey: string): Promise<void> {
  const isKnown = async () => {
    const init = { method: "POST", headers: { "api-key": apiKey }, signal: AbortSignal.timeout(2_000) };
    return (await fetch(`${url}/api/v1/sms/send`, init)).status !== 401;
  };
  await waitFor(isKnown, { what: `${url} to know the new keys`, timeoutMs: KNOWN_WITHIN_MS, intervalMs: 200 });
}

function find(pattern: RegExp, printed: string): string {
  const [found] = pattern.exec(printed) ?? [];
  if (found === undefined) throw new Error(`the admin CLI printed no ${pattern}: ${printed}`);
  return found;
}
