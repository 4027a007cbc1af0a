import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { DeadLetterParams } from "@sms-gateway/contracts";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { discardLetters } from "../../dead-letters/discard-dead-letters.ts";
import { expectDeadLetter } from "../../dead-letters/show-dead-letters.ts";
import { orExplainOutage } from "../../directory/explain-outage.ts";
import type { AdminDeps } from "./admin-deps.ts";

/** `POST /admin/dead-letters/{id}/discard`: deletes one letter for good. */
export async function discardDeadLetterRoute(app: FastifyInstance, deps: AdminDeps): Promise<void> {
  const schema = {
    summary: "Discard a dead letter",
    description:
      "For good; the log keeps id, queue and reason. Messages in it whose ids can be read become `rejected`, `DEAD_LETTER_DISCARDED`.",
    tags: ["admin"],
    security: [{ ApiKey: [] }],
    params: DeadLetterParams,
    response: { 200: { $ref: "DiscardAnswer#" }, ...errorResponses(400, 401, 403, 404, 413, 415, 422, 500, 503) },
  };
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .post("/admin/dead-letters/:id/discard", { schema, config: { scope: "admin" } }, async ({ params }) => {
      await orExplainOutage(expectDeadLetter(deps.db, params.id));
      return await orExplainOutage(discardLetters(deps, { ids: [params.id] }), "unknown");
    });
}
