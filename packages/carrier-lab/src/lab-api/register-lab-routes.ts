import type { FastifyInstance } from "fastify";
import type { InboxStore } from "../inbox/inbox-store.ts";
import { createLabAccessGuard, type LabAccessOptions } from "./lab-access.ts";

export interface LabRoutesDeps extends LabAccessOptions {
  inbox: InboxStore;
}

const E164 = /^\+[1-9]\d{6,14}$/;

/** The routes by which people and tests look into the fake world. Errors are `{error_code, message}`. */
export function registerLabRoutes(app: FastifyInstance, deps: LabRoutesDeps): void {
  app.addHook("onRequest", createLabAccessGuard(deps));

  app.get<{ Params: { number: string } }>("/handsets/:number", async (request, reply) => {
    const { number } = request.params;
    if (!E164.test(number)) {
      const message = "number: must be an E.164 number such as +15005550006.";
      return reply.code(422).send({ error_code: "INVALID_PAYLOAD", message });
    }
    return { number, messages: await deps.inbox.readInbox(number) };
  });

  app.get("/stats", async () => deps.inbox.countReceived());
}
