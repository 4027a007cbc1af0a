import type { Random } from "../random.ts";
import type { World } from "../world/world.ts";
import type { Known } from "./draft.ts";
import type { Route } from "./fuzz-request.ts";
import { isObject, listOf } from "./json-schema.ts";
import { createOperationRoute, type Target } from "./make-request.ts";
import { createPathRoute } from "./path-requests.ts";
import { createProtocolRoute } from "./protocol-requests.ts";
import { type Operation, readOperations } from "./read-operations.ts";

/** A process that serves HTTP, with all that is asked of it. */
export interface Member {
  readonly name: "gateway" | "worker";
  readonly url: string;
  readonly operations: readonly Operation[];
  readonly routes: readonly Route[];
  /** The key that an operation takes. */
  keyFor(operation: Operation): string | undefined;
}

const TIMEOUT_MS = 10_000;
/** Some to read, some to cancel. */
const MESSAGES = 12;

/** Reads the OpenAPI document of each process, and learns what its requests need. */
export async function openTargets(world: World, random: Random): Promise<Member[]> {
  const { unlimited: client, counted: stranger, admin } = world.keys;
  const keys = { client, stranger, admin };
  const messageIds = await sendMessages(world.gatewayUrls[0] ?? "", client);
  const members = [
    { name: "gateway", url: world.gatewayUrls[0] ?? "" },
    { name: "worker", url: world.workerUrls[0] ?? "" },
  ] as const;
  return await Promise.all(
    members.map(async ({ name, url }) => {
      const operations = readOperations(await readJson(`${url}/docs/json`));
      const adminOnly = await listAdminOperations(url, operations, client);
      const keyFor = (operation: Operation): string | undefined => {
        if (!operation.isProtected) return undefined;
        return adminOnly.has(operation) ? admin : client;
      };
      const known: Known = { nowMs: Date.now(), keys, messageIds, keyFor };
      const target: Target = { member: name, url, random: random.fork(name), known };
      const routes = [
        ...operations.map((operation) => createOperationRoute(target, operation)),
        createPathRoute(target, operations),
        createProtocolRoute(target, operations),
      ];
      return { name, url, operations, routes, keyFor };
    }),
  );
}

/** Those that refuse a client's key for its scope: the document does not tell scopes. */
async function listAdminOperations(
  url: string,
  operations: readonly Operation[],
  key: string,
): Promise<Set<Operation>> {
  const asked = operations
    .filter(({ isProtected }) => isProtected)
    .map(async (operation) => {
      const path = operation.path.replaceAll(/\{[^}]+\}/g, "x");
      const { method } = operation;
      const init = { method, headers: { "api-key": key }, signal: AbortSignal.timeout(TIMEOUT_MS) };
      const { status } = await fetch(`${url}${path}`, init);
      return status === 403 ? [operation] : [];
    });
  return new Set((await Promise.all(asked)).flat());
}

/** Messages that reads and cancels may ask for: half of them wait for tomorrow. @throws when one is not accepted */
async function sendMessages(url: string, key: string): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < MESSAGES; index += 1) {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const body = {
      to: `+4915${1_000_000_000 + index}`,
      message: "To be read",
      ...(index % 2 === 0 && { schedule_at: tomorrow }),
    };
    const response = await fetch(`${url}/api/v1/sms/send`, {
      method: "POST",
      headers: { "api-key": key, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer: unknown = await response.json();
    const sent = isObject(answer) ? listOf(answer.message_ids).filter((id) => typeof id === "string") : [];
    if (sent.length === 0) throw new Error(`a message was not accepted: ${response.status} ${JSON.stringify(answer)}`);
    ids.push(...sent);
  }
  return ids;
}

async function readJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return await response.json();
}
