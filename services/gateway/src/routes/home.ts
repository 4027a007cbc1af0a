import type { FastifyInstance } from "fastify";

/** What the requirement documents ask for beside `/healthz` and `/readyz`: `GET /`, `/health`, `/status`. */
export async function homeRoutes(app: FastifyInstance): Promise<void> {
  const config = { logAtDebug: true };
  const summary = "Whether the service is alive";
  const tags = ["operations"];
  const home = { description: "It is.", content: { "text/plain": { schema: { type: "string" } } } };
  app.get("/", { config, schema: { summary, tags, response: { 200: home } } }, async (_request, reply) =>
    reply.type("text/plain").send("SMS API is running!"),
  );
  const alive = {
    description: "It is.",
    type: "object",
    properties: { status: { type: "string", const: "ok" } },
    required: ["status"],
  };
  for (const path of ["/health", "/status"]) {
    app.get(path, { config, schema: { summary, tags, response: { 200: alive } } }, async () => ({ status: "ok" }));
  }
}
