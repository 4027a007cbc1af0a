import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { type CancelDeps, cancelAcceptedMessage } from "../../messages/cancel-accepted-message.ts";

import { callerOf } from "../../plugins/authenticate.ts";

/** `POST /sms/{id}/cancel`: takes back a message that no provider was called for yet. */
export async function cancelMessageRoute(app: FastifyInstance, deps: CancelDeps): Promise<void> {
  const schema = {
    summary: "Cancel a message",
    description: "While it is scheduled or queued and no provider may have it; otherwise 409 with its status.",
    tags: ["messages"],
    security: [{ ApiKey: [] }],
    params: Type.Object({ id: Type.String({ description: "Message or tracking id." }) }),
    response: { 200: { $ref: "MessageView#" }, ...errorResponses(400, 401, 403, 404, 409, 413, 415, 500, 503) },
  };
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .post("/sms/:id/cancel", { schema, config: { scope: "send" } }, async (request) => {
      return await cancelAcceptedMessage(deps, callerOf(request), request.params.id);
    });
}
