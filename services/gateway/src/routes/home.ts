import type { FastifyInstance } from "fastify";

const summary = "Whether the service is alive";

/** What the requirement documents ask for beside `/healthz` and `/readyz`: `GET /`, `/health`, `/status`. */
export async function homeRoutes(app: FastifyInstance): Promise<void> {
  const config = { logAtDebug: true };
  const tags = ["operations"];
  app.get("/", { config, schema: { summary, tags, response: { 200: { type: "string" } } } }, async (_request, reply) =>
    reply.type("text/plain").send("SMS API is running!"),
  );
  const response = { 200: { type: "object", properties: { status: { type: "string" } } } };
  for (const path of ["/health", "/status"]) {
    app.get(path, { config, schema: { summary, tags, response } }, async () => ({ status: "ok" }));
  }
}
