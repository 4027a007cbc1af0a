import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { ListQuery, readListQuery } from "../../messages/read-list-query.ts";
import { type ReadMessagesDeps, showMessages } from "../../messages/show-messages.ts";
import { callerOf } from "../../plugins/authenticate.ts";

/** `GET /sms`: a client's messages, newest first, a page at a time. */
export async function listMessagesRoute(app: FastifyInstance, deps: ReadMessagesDeps): Promise<void> {
  const schema = {
    summary: "List messages",
    description: "Newest first. Go on with `cursor` where you can: pages by `offset` shift while messages arrive.",
    tags: ["messages"],
    security: [{ ApiKey: [] }],
    querystring: ListQuery,
    response: { 200: { $ref: "MessageList#" }, ...errorResponses(401, 403, 422, 500, 503) },
  };
  app.withTypeProvider<TypeBoxTypeProvider>().get("/sms", { schema, config: { scope: "read" } }, async (request) => {
    return await showMessages(deps, callerOf(request), readListQuery(request.query));
  });
}
