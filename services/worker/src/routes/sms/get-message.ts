import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { showMessage } from "../../messages/show-message.ts";
import type { ReadMessagesDeps } from "../../messages/show-messages.ts";
import { callerOf } from "../../plugins/authenticate.ts";

/** `GET /sms/{id}`: one message with its attempts and events. */
export async function getMessageRoute(app: FastifyInstance, deps: ReadMessagesDeps): Promise<void> {
  const schema = {
    summary: "Read a message",
    description:
      "A message that was accepted a moment ago and is not recorded yet is shown with its id and status only.",
    tags: ["messages"],
    security: [{ ApiKey: [] }],
    params: Type.Object({ id: Type.String({ description: "Message or tracking id." }) }),
    querystring: Type.Object({
      trace: Type.Optional(
        Type.Enum(["true", "false"], {
          description: "true: also who was considered for it, and why each was taken or passed over.",
        }),
      ),
    }),
    response: {
      200: {
        description: "The message.",
        content: {
          "application/json": { schema: { anyOf: [{ $ref: "MessageView#" }, { $ref: "AcceptedMessageView#" }] } },
        },
      },
      ...errorResponses(401, 403, 404, 422, 500, 503),
    },
  };
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .get("/sms/:id", { schema, config: { scope: "read" } }, async (request) => {
      const { params, query } = request;
      return await showMessage(deps, callerOf(request), params.id, { withTrace: query.trace === "true" });
    });
}
