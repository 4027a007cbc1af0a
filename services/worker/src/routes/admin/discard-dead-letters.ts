import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { DeadLetterChoice } from "@sms-gateway/contracts";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { chooseLetters } from "../../dead-letters/choose-letters.ts";
import { discardLetters } from "../../dead-letters/discard-dead-letters.ts";
import { orExplainOutage } from "../../directory/explain-outage.ts";
import type { AdminDeps } from "./admin-deps.ts";

/** `POST /admin/dead-letters/discard`: deletes letters for good. */
export async function discardDeadLettersRoute(app: FastifyInstance, deps: AdminDeps): Promise<void> {
  const schema = {
    summary: "Discard dead letters",
    description:
      "Those of `ids`, or `all` (of one `queue`), oldest first, for good. The log keeps id, queue and reason of each, and messages whose ids can be read become `rejected`, `DEAD_LETTER_DISCARDED`. One call deletes at most 1000; call again while `left` falls.",
    tags: ["admin"],
    security: [{ ApiKey: [] }],
    body: DeadLetterChoice,
    response: { 200: { $ref: "DiscardAnswer#" }, ...errorResponses(400, 401, 403, 413, 415, 422, 500, 503) },
  };
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .post("/admin/dead-letters/discard", { schema, config: { scope: "admin" } }, async ({ body }) => {
      return await orExplainOutage(discardLetters(deps, chooseLetters(body)), "unknown");
    });
}
