import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { STORED_NAME } from "@sms-gateway/contracts";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { showDeadLetters } from "../../dead-letters/show-dead-letters.ts";
import { orExplainOutage } from "../../directory/explain-outage.ts";
import type { AdminDeps } from "./admin-deps.ts";
import { LIMIT_DESCRIPTION, readLimit } from "./read-limit.ts";

/** `GET /admin/dead-letters`: what could not be read, newest first. */
export async function listDeadLettersRoute(app: FastifyInstance, { db }: AdminDeps): Promise<void> {
  const schema = {
    summary: "List dead letters",
    description: "What could not be read and was put aside, newest first; payloads are masked.",
    tags: ["admin"],
    security: [{ ApiKey: [] }],
    querystring: Type.Object({
      queue: Type.Optional(Type.String({ ...STORED_NAME, description: "Only those that come from this queue." })),
      limit: Type.Optional(Type.String({ description: LIMIT_DESCRIPTION })),
      cursor: Type.Optional(Type.String({ maxLength: 64, description: "`next_cursor` of the page before." })),
    }),
    response: { 200: { $ref: "DeadLetterList#" }, ...errorResponses(401, 403, 422, 500, 503) },
  };
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .get("/admin/dead-letters", { schema, config: { scope: "admin" } }, async ({ query }) => {
      const { queue, cursor } = query;
      const filter = { ...(queue ? { queue } : {}), ...(cursor ? { cursor } : {}), limit: readLimit(query.limit) };
      return await orExplainOutage(showDeadLetters(db, filter));
    });
}
