import type { FastifyInstance, FastifyPluginAsync } from "fastify";

/**
 * Registers the same routes under `/api/v1` and under `/api` (api.md section 1). The requirement documents' clients test
 * for 200, so under `/api` every success is 200; nothing else differs.
 */
export async function registerApiPaths(app: FastifyInstance, routes: FastifyPluginAsync): Promise<void> {
  await app.register(routes, { prefix: "/api/v1" });
  await app.register(
    async (unversioned) => {
      unversioned.addHook("onRoute", (route) => {
        if (route.schema?.response !== undefined)
          route.schema = { ...route.schema, response: mergeSuccess(route.schema.response) };
      });
      // Before serialization, whose schema is found by the status.
      unversioned.addHook("preSerialization", (_request, reply, payload, done) => {
        if (isSuccess(reply.statusCode)) reply.code(200);
        done(null, payload);
      });
      // What is not serialized: answers without a body, streams of forwarded ones.
      unversioned.addHook("onSend", (_request, reply, payload, done) => {
        if (isSuccess(reply.statusCode)) reply.code(200);
        done(null, payload);
      });
      await unversioned.register(routes);
    },
    { prefix: "/api" },
  );
}

/** What an answer looks like by status, with the successes under 200. */
function mergeSuccess(response: unknown): Record<string, unknown> {
  const entries = typeof response === "object" && response !== null ? Object.entries(response) : [];
  return Object.fromEntries(entries.map(([status, schema]) => [isSuccess(Number(status)) ? "200" : status, schema]));
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
