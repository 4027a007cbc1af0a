import type { DirectoryClient, KeyScope } from "@sms-gateway/contracts";

/** Who makes a request, once the key was found. */
export interface Caller {
  readonly client: DirectoryClient;
  /** null: a call without a key, where that is allowed. */
  readonly keyId: string | null;
  readonly kind: "live" | "test";
  readonly scopes: readonly KeyScope[];
}
