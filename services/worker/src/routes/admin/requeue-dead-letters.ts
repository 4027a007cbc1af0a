import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { DeadLetterChoice } from "@sms-gateway/contracts";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { chooseLetters } from "../../dead-letters/choose-letters.ts";
import { requeueDeadLetters } from "../../dead-letters/requeue-dead-letters.ts";
import { orExplainOutage } from "../../directory/explain-outage.ts";
import type { AdminDeps } from "./admin-deps.ts";

/** `POST /admin/dead-letters/requeue`: gives letters back to their queues. */
export async function requeueDeadLettersRoute(app: FastifyInstance, deps: AdminDeps): Promise<void> {
  const schema = {
    summary: "Requeue dead letters",
    description:
      "Those of `ids`, or `all` (of one `queue`), oldest first. A letter is gone from here once its queue has confirmed it; where nothing was mended it becomes another dead letter, which neither this call requeues nor `left` counts. One call does at most 200; call again while `left` falls.",
    tags: ["admin"],
    security: [{ ApiKey: [] }],
    body: DeadLetterChoice,
    response: { 200: { $ref: "RequeueAnswer#" }, ...errorResponses(400, 401, 403, 413, 415, 422, 500, 503) },
  };
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .post("/admin/dead-letters/requeue", { schema, config: { scope: "admin" } }, async ({ body }) => {
      return await orExplainOutage(requeueDeadLetters(deps, chooseLetters(body)), "unknown");
    });
}
