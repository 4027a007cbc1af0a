import type { DirectoryProvider } from "@sms-gateway/contracts";
import type { Caller } from "./caller.ts";

/**
 * Whether a message goes to the simulated carrier: always with a test key, and as long as no provider has live
 * credentials (architecture.md section 7).
 */
export function isSimulated(caller: Pick<Caller, "kind">, providers: readonly DirectoryProvider[]): boolean {
  return caller.kind === "test" || !providers.some((provider) => provider.accounts.live);
}
