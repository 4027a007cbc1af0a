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
  readAccounting(): Promise<AccountingView>;
}

/** The worker sums up what came in batches, in batches. */
const BALANCED_WITHIN_MS = 15_000;

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
      const date = new Date().toISOString().slice(0, 10);
      return read(await get(`accounting?date=${date}`));
    },
  };
}

/** Everything that gateways have announced has become something: nothing was lost on its way. */
export async function expectBalanced(admin: AdminApi): Promise<AccountingView> {
  let last: AccountingView | undefined;
  const isBalanced = async () => {
    last = await admin.readAccounting();
    return last.balanced;
  };
  const options = { what: "the books to balance", timeoutMs: BALANCED_WITHIN_MS, intervalMs: 250 };
  await waitFor(isBalanced, options).catch((error: unknown) =>
    expect(last, String(error)).toMatchObject({ balanced: true }),
  );
  if (last === undefined) throw new Error("there are no books");
  return last;
}

/** Gives an answer the type that the contract promises for its route. */
function read<T>({ status, text }: Answer): T {
  expect(status, text).toBe(200);
  return JSON.parse(text);
}
