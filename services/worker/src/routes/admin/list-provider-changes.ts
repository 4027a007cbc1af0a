import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { STORED_NAME } from "@sms-gateway/contracts";
import { errorResponses } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { orExplainOutage } from "../../directory/explain-outage.ts";
import { showProviderChanges } from "../../overview/show-providers.ts";
import type { AdminDeps } from "./admin-deps.ts";
import { LIMIT_DESCRIPTION, readLimit } from "./read-limit.ts";

/** `GET /admin/providers/{name}/changes`: what has changed about a provider, and why. */
export async function listProviderChangesRoute(app: FastifyInstance, { db }: AdminDeps): Promise<void> {
  const schema = {
    summary: "List changes of a provider",
    description: "Of its circuit and by operators, with their reasons, the latest first.",
    tags: ["admin"],
    security: [{ ApiKey: [] }],
    params: Type.Object({
      name: Type.String({ ...STORED_NAME, description: "twilio, aws_sns, plivo, nexmo or clickatell." }),
    }),
    querystring: Type.Object({ limit: Type.Optional(Type.String({ description: LIMIT_DESCRIPTION })) }),
    response: { 200: { $ref: "ProviderChangeList#" }, ...errorResponses(401, 403, 404, 422, 500, 503) },
  };
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .get("/admin/providers/:name/changes", { schema, config: { scope: "admin" } }, async ({ params, query }) => {
      return await orExplainOutage(showProviderChanges(db, params.name, readLimit(query.limit)));
    });
}
