import {
  ApiError,
  BOOTSTRAP_CLIENT_ID,
  type Directory,
  type DirectoryClient,
  type KeyScope,
} from "@sms-gateway/contracts";
import { createFailureBrake, hashApiKey, readApiKey } from "@sms-gateway/http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { notAccepted } from "../messages/accept-messages.ts";

/** Who makes a request, once the key was found. */
export interface AuthenticatedCaller {
  readonly client: DirectoryClient;
  /** null: a call without a key, where that is allowed. */
  readonly keyId: string | null;
  readonly kind: "live" | "test";
  readonly scopes: readonly KeyScope[];
}

/** Scopes of a call without a key (architecture.md section 6). */
const KEYLESS_SCOPES: readonly KeyScope[] = ["send", "otp", "read"];
/** Failures after which an address may no longer cause a look beyond memory. */
const BRAKED_MS = 1;

/**
 * Adds `request.authenticate(scope)`: finds the caller by the directory, checks the scope, and throws `UNAUTHORIZED` or `FORBIDDEN`.
 * Before the directory was ever loaded nobody can be refused: 503.
 */
export const authenticate = fp(
  async (app: FastifyInstance, options: { directory: Directory; apiKeyRequired: boolean; now: () => number }) => {
    const { directory, now } = options;
    const brake = createFailureBrake(now);

    const refuse = async (request: FastifyRequest, message: string): Promise<never> => {
      brake.recordFailure(request.ip);
      await new Promise((resolve) => setTimeout(resolve, brake.delayMs(request.ip)));
      throw new ApiError("UNAUTHORIZED", { message });
    };

    const find = async (request: FastifyRequest): Promise<AuthenticatedCaller> => {
      const key = readApiKey(request.headers);
      if (!directory.loaded()) throw notAccepted("directory_not_loaded", undefined);
      if (key === undefined) {
        const client = options.apiKeyRequired ? undefined : directory.client(BOOTSTRAP_CLIENT_ID);
        if (client?.active) return { client, keyId: null, kind: "test", scopes: KEYLESS_SCOPES };
        return refuse(request, "The API key is missing; send it in the header API-Key.");
      }
      const found = await directory.findKey(hashApiKey(key), { memoryOnly: brake.delayMs(request.ip) >= BRAKED_MS });
      const client = found && directory.client(found.client_id);
      if (found === undefined || client === undefined) return refuse(request, "The API key is not valid.");
      if (found.revoked) return refuse(request, "The API key was revoked.");
      if (found.expires_at !== null && Date.parse(found.expires_at) <= now())
        return refuse(request, "The API key has expired.");
      if (!client.active) return refuse(request, "The client is inactive.");
      return { client, keyId: found.id, kind: found.kind, scopes: found.scopes };
    };

    app.decorateRequest("authenticate", async function authenticateRequest(this: FastifyRequest, scope: KeyScope) {
      const caller = await find(this);
      if (!caller.scopes.includes(scope))
        throw new ApiError("FORBIDDEN", { message: `The API key lacks the scope "${scope}".`, details: { scope } });
      return caller;
    });
  },
  { name: "authenticate", dependencies: ["error-handler"] },
);

declare module "fastify" {
  interface FastifyRequest {
    /** Finds the caller by the API key and checks the scope. Throws `ApiError`. */
    authenticate(scope: KeyScope): Promise<AuthenticatedCaller>;
  }
}
