import { isDeepStrictEqual } from "node:util";
import type { AccountingView, ProviderStateView } from "@sms-gateway/contracts";
import { waitFor } from "@sms-gateway/testkit";
import { expect } from "vitest";
import { type Answer, callHttp } from "./http-calls.ts";
import type { Product } from "./product.ts";
import { createTenant } from "./tenants.ts";

/** What an operator sees with a key of scope admin. */
export interface AdminApi {
  /** `GET` below `/api/v1/admin/` of the worker. */
  get(path: string): Promise<Answer>;
  readProvider(name: string): Promise<ProviderStateView>;
  /** The accounting of yesterday and of today (UTC): all that this product has ever accepted, though midnight passes. */
  readAccounting(): Promise<AccountingView[]>;
}

/** What was accepted became these. */
type Books = Pick<AccountingView, "recorded" | "aliases" | "dead_letters">;

/** The worker sums up what came in batches, in batches. */
const BALANCED_WITHIN_MS = 30_000;
const DAY_MS = 24 * 3600 * 1000;

/** Makes a key for it by the admin CLI. */
export async function openAdminApi(product: Product): Promise<AdminApi> {
  const { apiKey } = await createTenant(product, { key: { scopes: "admin" } });
  const get: AdminApi["get"] = (path) =>
    callHttp(`${product.urls.worker}/api/v1/admin/${path}`, { headers: { "api-key": apiKey } });
  return {
    get,
    async readProvider(name) {
      const { items }: { items: ProviderStateView[] } = read(await get("providers"));
      const found = items.find((provider) => provider.name === name);
      if (found === undefined) throw new Error(`there is no provider ${name}`);
      return found;
    },
    async readAccounting() {
      const days = [DAY_MS, 0].map((agoMs) => new Date(Date.now() - agoMs).toISOString().slice(0, 10));
      return await Promise.all(days.map(async (date) => read(await get(`accounting?date=${date}`))));
    },
  };
}

/**
 * Waits until all that the product has accepted became exactly this, and nothing is missing. A group that is lost is not
 * announced: it shows in what is recorded, and as missing once a later one has come.
 */
export async function expectBalanced(admin: AdminApi, books: Books): Promise<void> {
  const expected = { ...books, balanced: true, missing_batches: [] };
  let last: ReturnType<typeof sumDays> | undefined;
  const isBalanced = async () => {
    last = sumDays(await admin.readAccounting());
    return isDeepStrictEqual(last, expected);
  };
  const options = { what: "the books to balance", timeoutMs: BALANCED_WITHIN_MS, intervalMs: 250 };
  await waitFor(isBalanced, options).catch((error: unknown) => expect(last, String(error)).toEqual(expected));
}

function sumDays(days: readonly AccountingView[]) {
  const sum = (name: keyof Books) => days.reduce((all, day) => all + day[name], 0);
  return {
    recorded: sum("recorded"),
    aliases: sum("aliases"),
    dead_letters: sum("dead_letters"),
    balanced: days.every(({ balanced }) => balanced),
    missing_batches: days.flatMap(({ missing_batches: missing }) => missing),
  };
}

/** Gives an answer the type that the contract promises for its route. */
function read<T>({ status, text }: Answer): T {
  expect(status, text).toBe(200);
  return JSON.parse(text);
}
