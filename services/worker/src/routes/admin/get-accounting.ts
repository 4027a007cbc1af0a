import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { showAccounting } from "../../accounting/show-accounting.ts";
import type { AdminDeps } from "./admin-deps.ts";

/** `GET /admin/accounting`: what gateways have announced for one day, against what became of it. */
export async function getAccountingRoute(app: FastifyInstance, deps: AdminDeps): Promise<void> {
  const schema = {
    summary: "Read the accounting of a day",
    description: "What gateways have announced for one day, against what became of it.",
    tags: ["admin"],
    security: [{ ApiKey: [] }],
    querystring: Type.Object({
      date: Type.Optional(Type.String({ description: "UTC day as YYYY-MM-DD; today unless given." })),
    }),
    response: { 200: { $ref: "AccountingView#" }, ...errorResponses(401, 403, 422, 500, 503) },
  };
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .get("/admin/accounting", { schema, config: { scope: "admin" } }, async ({ query }) => {
      return await showAccounting(deps, query.date);
    });
}
