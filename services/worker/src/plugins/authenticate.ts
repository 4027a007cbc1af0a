import { setTimeout as delay } from "node:timers/promises";
import { ApiError, type KeyScope } from "@sms-gateway/contracts";
import {
  CLIENT_ADDRESS_HEADER,
  CLIENT_ADDRESS_SIGNATURE_HEADER,
  type FailureBrake,
  readApiKey,
  verifyClientAddress,
} from "@sms-gateway/http";
import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { type Caller, findCaller } from "../directory/find-caller.ts";
import type { KnownDirectory } from "../directory/known-directory.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who calls; set on routes with `config: { scope }`. */
    caller: Caller | undefined;
  }
  interface FastifyContextConfig {
    /** The scope that a key needs for this route; a route without one is open. */
    scope?: KeyScope;
  }
}

/** What `authenticate` needs. */
export interface AuthenticateOptions {
  readonly directory: KnownDirectory;
  readonly internalToken: string;
  readonly keyRequired: boolean;
  readonly brake: FailureBrake;
}

/**
 * Authenticates every request to a route with a scope: 401 without a usable key (repeated ones from an address are
 * slowed down), 403 without the scope, 503 while the directory was never loaded. The worker does so itself, whatever the
 * gateway has checked already (architecture.md section 6).
 */
export const authenticate = fp<AuthenticateOptions>(
  async (app, { directory, internalToken, keyRequired, brake }) => {
    app.decorateRequest("caller", undefined);
    app.addHook("onRequest", async (request) => {
      const { scope } = request.routeOptions.config;
      if (scope === undefined) return;
      const address = readClientAddress(request, internalToken);
      const memoryOnly = brake.delayMs(address) > 0;
      const caller = await findCaller(directory, readApiKey(request.headers), { keyRequired, memoryOnly });
      if (caller === undefined) {
        brake.recordFailure(address);
        await delay(brake.delayMs(address));
        throw new ApiError("UNAUTHORIZED");
      }
      if (!caller.scopes.includes(scope)) throw new ApiError("FORBIDDEN", { details: { scope } });
      request.caller = caller;
    });
  },
  { name: "authenticate", dependencies: ["error-handler"] },
);

/** The caller of an authenticated request. @throws Error on a route without a scope: our own fault. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === undefined) throw new Error(`${request.routeOptions.url} asks for a caller but has no scope`);
  return request.caller;
}

/** The gateway's word about who called, when it is signed; else whoever is connected to us. */
function readClientAddress(request: FastifyRequest, internalToken: string): string {
  const address = request.headers[CLIENT_ADDRESS_HEADER];
  const signature = request.headers[CLIENT_ADDRESS_SIGNATURE_HEADER];
  if (typeof address !== "string" || typeof signature !== "string") return request.ip;
  return verifyClientAddress(internalToken, address, request.id, signature) ? address : request.ip;
}
