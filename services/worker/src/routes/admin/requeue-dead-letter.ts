import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { DeadLetterParams } from "@sms-gateway/contracts";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { requeueDeadLetters } from "../../dead-letters/requeue-dead-letters.ts";
import { expectDeadLetter } from "../../dead-letters/show-dead-letters.ts";
import { orExplainOutage } from "../../directory/explain-outage.ts";
import type { AdminDeps } from "./admin-deps.ts";

/** `POST /admin/dead-letters/{id}/requeue`: gives one letter back to its queue. */
export async function requeueDeadLetterRoute(app: FastifyInstance, deps: AdminDeps): Promise<void> {
  const schema = {
    summary: "Requeue a dead letter",
    description: "It is gone from here once its queue has confirmed it; `failed` 1 means that it is kept.",
    tags: ["admin"],
    security: [{ ApiKey: [] }],
    params: DeadLetterParams,
    response: { 200: { $ref: "RequeueAnswer#" }, ...errorResponses(400, 401, 403, 404, 413, 415, 422, 500, 503) },
  };
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .post("/admin/dead-letters/:id/requeue", { schema, config: { scope: "admin" } }, async ({ params }) => {
      await orExplainOutage(expectDeadLetter(deps.db, params.id));
      return await orExplainOutage(requeueDeadLetters(deps, { ids: [params.id] }), "unknown");
    });
}
