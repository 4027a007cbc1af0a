import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** One address for several processes, as a load balancer or the name of a Compose service gives. */
export interface Balancer {
  readonly url: string;
  /** Where connections go from now on, as URLs. */
  setTargets(urls: readonly string[]): void;
  close(): Promise<void>;
}

/**
 * Opens one on a free port. It knows nothing of HTTP: each connection goes to the next target that takes it, so one that
 * has stopped is passed over, and ends when either side ends it.
 */
export async function openBalancer(): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let targets: readonly string[] = [];
  let turn = 0;
  const server = createServer((client) => {
    keep(client);
    turn += 1;
    const inTurn = targets.map((_, index) => targets[(turn + index) % targets.length] ?? "");
    join(client, inTurn);
  });

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.once("close", () => sockets.delete(socket));
    // Whatever ended one side ends the other too; the services' own logs say why.
    socket.on("error", () => socket.destroy());
  }

  function join(client: Socket, [url, ...others]: readonly string[]): void {
    if (url === undefined) return void client.destroy();
    const { hostname, port } = new URL(url);
    const target = connect({ host: hostname, port: Number(port) });
    keep(target);
    const tryNext = () => join(client, others);
    target.once("error", tryNext);
    target.once("connect", () => {
      target.off("error", tryNext);
      client.pipe(target).pipe(client);
      client.once("close", () => target.destroy());
      target.once("close", () => client.destroy());
    });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the balancer has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    setTargets(urls) {
      targets = urls;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
