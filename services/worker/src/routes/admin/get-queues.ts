import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { orExplainOutage } from "../../directory/explain-outage.ts";
import { showQueues } from "../../overview/show-queues.ts";
import type { AdminDeps } from "./admin-deps.ts";

/** `GET /admin/queues`: what waits in each queue, and what was put aside. */
export async function getQueuesRoute(app: FastifyInstance, deps: AdminDeps): Promise<void> {
  const schema = {
    summary: "Look at the queues",
    description: "What waits in each queue now, and the dead letters that are kept; 503 while the queue is away.",
    tags: ["admin"],
    security: [{ ApiKey: [] }],
    response: { 200: { $ref: "QueueOverview#" }, ...errorResponses(401, 403, 500, 503) },
  };
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .get("/admin/queues", { schema, config: { scope: "admin" } }, async () => await orExplainOutage(showQueues(deps)));
}
