import { ApiError, BOOTSTRAP_CLIENT_ID, type KeyScope } from "@sms-gateway/contracts";
import { hashApiKey } from "@sms-gateway/http";
import { explainOutage } from "./explain-outage.ts";
import type { KnownDirectory } from "./known-directory.ts";

/** Who calls: the client, and what its key may do. */
export interface Caller {
  readonly clientId: string;
  readonly kind: "live" | "test";
  readonly scopes: readonly KeyScope[];
}

/** What a call without a key may do where none is required (architecture.md section 6). */
const KEYLESS_SCOPES: readonly KeyScope[] = ["send", "otp", "read"];

/**
 * Finds who calls by the given key; `undefined` when it is missing, unknown, revoked or expired, or its client inactive.
 *
 * @param key as given; `undefined` when none was, which acts for the bootstrapped client unless a key is required.
 * @param memoryOnly for callers that have failed too often: only what this worker knows already counts.
 * @throws ApiError SERVICE_UNAVAILABLE when the directory was never loaded: nobody can be refused for being unknown.
 */
export async function findCaller(
  directory: KnownDirectory,
  key: string | undefined,
  { keyRequired, memoryOnly }: { readonly keyRequired: boolean; readonly memoryOnly: boolean },
): Promise<Caller | undefined> {
  if (directory.snapshot() === undefined) {
    throw new ApiError("SERVICE_UNAVAILABLE", {
      details: { outcome: "not_accepted", reason: "directory_not_loaded" },
      retryAfterS: 1,
    });
  }
  if (key === undefined) {
    const isOpen = !keyRequired && isActive(directory, BOOTSTRAP_CLIENT_ID);
    return isOpen ? { clientId: BOOTSTRAP_CLIENT_ID, kind: "test", scopes: KEYLESS_SCOPES } : undefined;
  }
  if (key === "") return undefined;
  const found = await directory.findKey(hashApiKey(key), memoryOnly).catch((error: unknown) => {
    throw explainOutage(error);
  });
  if (found === undefined || found.revoked || !isActive(directory, found.client_id)) return undefined;
  if (found.expires_at !== null && Date.parse(found.expires_at) <= Date.now()) return undefined;
  return { clientId: found.client_id, kind: found.kind, scopes: found.scopes };
}

function isActive(directory: KnownDirectory, clientId: string): boolean {
  return directory.client(clientId)?.active === true;
}
