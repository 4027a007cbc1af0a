import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import fp from "fastify-plugin";

// Wide enough for UUIDs, ULIDs and trace ids, narrow enough to be safe in a header, a log line and a queue message.
const REQUEST_ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;

/** Takes the caller's `X-Request-Id` when it is well formed (1–128 of `A–Z a–z 0–9 . _ : -`), else makes a UUID. */
export function generateRequestId(rawRequest: Pick<IncomingMessage, "headers">): string {
  const given = rawRequest.headers["x-request-id"];
  return typeof given === "string" && REQUEST_ID_PATTERN.test(given) ? given : randomUUID();
}

/** Puts the request's id on every answer as `X-Request-Id`, errors and unknown routes included. */
export const requestIdPlugin = fp(
  async (app) => {
    app.addHook("onRequest", async (request, reply) => {
      reply.header("x-request-id", request.id);
    });
  },
  { name: "request-id" },
);
