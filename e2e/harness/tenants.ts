import { randomBytes, randomInt } from "node:crypto";
import { BUSY_MACHINE_MS, waitFor } from "@sms-gateway/testkit";
import type { Product } from "./product.ts";

/** A client (tenant) of its own, for tests that use up its limits or take its rights away. */
export interface Tenant {
  readonly id: string;
  readonly keyId: string;
  readonly apiKey: string;
}

export interface TenantOptions {
  /** Options of `client limits`, such as `{ "per-second": 2 }`. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Options of `key create`, such as `{ scopes: "read" }`. */
  readonly key?: Readonly<Record<string, string>>;
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const API_KEY = /sk_(?:test|live)_[A-Za-z0-9_-]+/;
/** architecture.md 5.9: gateways know of a change within two seconds. */
const KNOWN_WITHIN_MS = 2_000 + BUSY_MACHINE_MS;

/** Makes a client and its key by the admin CLI; resolves when the gateway knows both. */
export async function createTenant(product: Product, { limits = {}, key = {} }: TenantOptions = {}): Promise<Tenant> {
  const id = find(UUID, await product.admin("client", "create", `e2e-${randomBytes(4).toString("hex")}`));
  if (Object.keys(limits).length > 0) await product.admin("client", "limits", id, ...toOptions(limits));
  const printed = await product.admin("key", "create", id, ...toOptions(key));
  const tenant = { id, keyId: find(UUID, printed.replaceAll(id, "")), apiKey: find(API_KEY, printed) };
  product.traces.addSecret(tenant.apiKey);
  // From another address each time, where the gateway believes that: repeated failures of one are slowed down.
  const askFromElsewhere = () => {
    const headers = { "x-forwarded-for": `198.51.100.${randomInt(1, 255)}` };
    return product.send({}, { apiKey: tenant.apiKey, headers });
  };
  await waitFor(async () => (await askFromElsewhere()).status !== 401, {
    what: "the gateway to know the new key",
    timeoutMs: KNOWN_WITHIN_MS,
    intervalMs: 200,
  });
  return tenant;
}

/** Waits, for as long as the contract allows, until the gateway refuses or takes something because of a change. */
export function waitUntilKnown(what: string, condition: () => Promise<boolean>): Promise<boolean> {
  return waitFor(condition, { what: `the gateway to know that ${what}`, timeoutMs: KNOWN_WITHIN_MS, intervalMs: 100 });
}

function toOptions(values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, `${value}`]);
}

function find(pattern: RegExp, printed: string): string {
  const found = pattern.exec(printed)?.[0];
  if (found === undefined) throw new Error(`the admin CLI printed no ${pattern}: ${printed}`);
  return found;
}
