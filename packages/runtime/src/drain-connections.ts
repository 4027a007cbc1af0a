import fp from "fastify-plugin";

/**
 * Lets the server close while clients keep their connections alive: from `app.close()` on every answer says
 * `Connection: close`. Without it the socket of a request that was in flight at that moment stays open for the whole
 * keep-alive time after its answer, and `close()` waits for it (seen on Node 20 and 24). Register it before the routes.
 */
export const drainConnections = fp(
  async (app) => {
    let closing = false;
    app.addHook("preClose", async () => {
      closing = true;
    });
    app.addHook("onSend", async (_request, reply) => {
      if (closing) reply.header("connection", "close");
    });
  },
  { name: "drain-connections" },
);
