import type { FastifyInstance, FastifyPluginAsync } from "fastify";

/**
 * Registers the same routes under `/api/v1` and under `/api` (api.md section 1). The requirement documents' clients test
 * for 200, so under `/api` every success is 200; nothing else differs.
 */
export async function registerApiPaths(app: FastifyInstance, routes: FastifyPluginAsync): Promise<void> {
  await app.register(routes, { prefix: "/api/v1" });
  await app.register(
    async (unversioned) => {
      unversioned.addHook("onSend", async (_request, reply) => {
        if (reply.statusCode > 200 && reply.statusCode < 300) reply.code(200);
      });
      await unversioned.register(routes);
    },
    { prefix: "/api" },
  );
}
