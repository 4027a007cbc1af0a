import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { orExplainOutage } from "../../directory/explain-outage.ts";
import { showProviders } from "../../overview/show-providers.ts";
import type { AdminDeps } from "./admin-deps.ts";

/** `GET /admin/providers`: every provider with its limits, its load and its circuit. */
export async function listProvidersRoute(app: FastifyInstance, { db }: AdminDeps): Promise<void> {
  const schema = {
    summary: "List providers",
    description: "Every provider with its limits, its load and its circuit, in the order in which they are asked.",
    tags: ["admin"],
    security: [{ ApiKey: [] }],
    response: { 200: { $ref: "ProviderStateList#" }, ...errorResponses(401, 403, 500, 503) },
  };
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .get("/admin/providers", { schema, config: { scope: "admin" } }, async () => {
      return await orExplainOutage(showProviders(db));
    });
}
