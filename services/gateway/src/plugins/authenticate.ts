import { setTimeout as delay } from "node:timers/promises";
import { ApiError, BOOTSTRAP_CLIENT_ID, type Directory, type KeyScope } from "@sms-gateway/contracts";
import { createFailureBrake, hashApiKey, readApiKey } from "@sms-gateway/http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { Caller } from "../messages/caller.ts";
import { notAccepted } from "../messages/not-accepted.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who calls; set on routes with `config: { scope }`. */
    apiCaller: Caller | undefined;
  }
  interface FastifyContextConfig {
    /** The scope that a key needs for this route; a route without one is open. */
    scope?: KeyScope;
  }
}

/** What `authenticate` needs. */
export interface AuthenticateOptions {
  readonly directory: Directory;
  readonly apiKeyRequired: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Scopes of a call without a key (architecture.md section 6). */
const KEYLESS_SCOPES: readonly KeyScope[] = ["send", "otp", "read"];

/**
 * Authenticates every request to a route with a scope, before its body is read: 401 without a usable key, 403 without the
 * scope, 503 while the directory was never loaded, for then nobody can be refused for being unknown. Repeated 401s to
 * one address are slowed down, and no longer cause looks beyond memory; a right key from the same address is not.
 */
export const authenticate = fp<AuthenticateOptions>(
  async (app: FastifyInstance, options) => {
    const brake = createFailureBrake(options.now);

    app.decorateRequest("apiCaller", undefined);
    app.addHook("onRequest", async (request) => {
      const { scope } = request.routeOptions.config;
      if (scope === undefined) return;
      if (!options.directory.loaded()) throw notAccepted("directory_not_loaded");
      const caller = await findCaller(options, request, brake.delayMs(request.ip) > 0);
      if (typeof caller === "string") {
        brake.recordFailure(request.ip);
        await delay(brake.delayMs(request.ip));
        throw new ApiError("UNAUTHORIZED", { message: caller });
      }
      if (!caller.scopes.includes(scope)) {
        throw new ApiError("FORBIDDEN", { message: `The API key lacks the scope "${scope}".`, details: { scope } });
      }
      request.apiCaller = caller;
    });
  },
  { name: "authenticate", dependencies: ["error-handler"] },
);

/** The caller of an authenticated request. @throws Error on a route without a scope: our own fault. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.apiCaller === undefined)
    throw new Error(`${request.routeOptions.url} asks for a caller but has no scope`);
  return request.apiCaller;
}

/** The caller, or why there is none. */
async function findCaller(
  { directory, apiKeyRequired, now }: AuthenticateOptions,
  request: FastifyRequest,
  memoryOnly: boolean,
): Promise<Caller | string> {
  const key = readApiKey(request.headers);
  if (key === undefined) {
    const client = apiKeyRequired ? undefined : directory.client(BOOTSTRAP_CLIENT_ID);
    if (client?.active) return { client, keyId: null, kind: "test", scopes: KEYLESS_SCOPES };
    return "The API key is missing; send it in the header API-Key.";
  }
  const found = key === "" ? undefined : await directory.findKey(hashApiKey(key), { memoryOnly });
  const client = found && directory.client(found.client_id);
  if (found === undefined || client === undefined) return "The API key is not valid.";
  if (found.revoked) return "The API key was revoked.";
  if (found.expires_at !== null && Date.parse(found.expires_at) <= now()) return "The API key has expired.";
  if (!client.active) return "The client is inactive.";
  return { client, keyId: found.id, kind: found.kind, scopes: found.scopes };
}
