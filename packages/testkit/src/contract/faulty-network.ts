import { connect, createServer, type Server, type Socket } from "node:net";
import { findFreePort } from "../servers/free-port.ts";

/**
 * A TCP proxy in front of a server, for what networks do to a client. States: *open* → (cut) *cut*: connections are
 * ended and refused → (heal) open; in *open* the two one-shot faults below may be armed.
 */
export interface FaultyNetwork {
  readonly port: number;
  /** The next request reaches the server; its answer does not come back, and its connection ends. */
  loseNextAnswer(): void;
  /**
   * What present connections send is held back from now on, also after they are closed, and arrives when `deliver` is
   * called: bytes that lay in a buffer. Connections opened later are not concerned. `deliver` resolves when the server
   * has answered or hung up; it rejects when nothing was held.
   */
  holdRequests(): { deliver(): Promise<void> };
  cut(): void;
  heal(): void;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  held: Buffer[] | undefined;
}

interface Proxy {
  readonly links: Set<Link>;
  isCut: boolean;
  losesAnswer: "no" | "armed" | Link;
}

/** Opens a proxy on 127.0.0.1 in front of the server at `target`. */
export async function openFaultyNetwork(target: {
  readonly host: string;
  readonly port: number;
}): Promise<FaultyNetwork> {
  const proxy: Proxy = { links: new Set(), isCut: false, losesAnswer: "no" };
  const port = await findFreePort();
  const listener = createServer((client) => {
    if (proxy.isCut) client.destroy();
    else join(proxy, client, target);
  });
  await listen(listener, port);
  return {
    port,
    loseNextAnswer: () => {
      proxy.losesAnswer = "armed";
    },
    holdRequests: () => hold([...proxy.links]),
    cut: () => {
      proxy.isCut = true;
      for (const { client, server } of proxy.links) {
        client.destroy();
        server.destroy();
      }
    },
    heal: () => {
      proxy.isCut = false;
    },
    close: async () => {
      for (const { client, server } of proxy.links) {
        client.destroy();
        server.destroy();
      }
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}

function join(proxy: Proxy, client: Socket, target: { readonly host: string; readonly port: number }): void {
  const server = connect({ ...target, noDelay: true });
  client.setNoDelay(true);
  const link: Link = { client, server, held: undefined };
  proxy.links.add(link);
  client.on("data", (bytes) => {
    if (link.held !== undefined) {
      link.held.push(bytes);
      return;
    }
    if (proxy.losesAnswer === "armed") proxy.losesAnswer = link;
    server.write(bytes);
  });
  server.on("data", (bytes) => {
    if (proxy.losesAnswer === link) {
      proxy.losesAnswer = "no";
      client.destroy();
    } else if (!client.destroyed) client.write(bytes);
  });
  // Both ends report their loss as `close`, which is what counts here.
  client.on("error", () => undefined);
  server.on("error", () => undefined);
  client.on("close", () => {
    if (link.held === undefined) server.destroy();
  });
  server.on("close", () => {
    client.destroy();
    proxy.links.delete(link);
  });
}

function hold(links: readonly Link[]): { deliver(): Promise<void> } {
  for (const link of links) link.held = [];
  return {
    deliver: async () => {
      const held = links.filter((link) => (link.held ?? []).length > 0);
      if (held.length === 0) throw new Error("no request was held back");
      await Promise.all(held.map(deliverHeld));
      for (const link of links) link.held = undefined;
    },
  };
}

async function deliverHeld({ client, server, held }: Link): Promise<void> {
  const answered = new Promise<void>((resolve) => {
    server.once("data", () => resolve());
    server.once("close", () => resolve());
  });
  const bytes = Buffer.concat(held ?? []);
  // `end` sends what was held, then closes: the client has left meanwhile.
  if (client.destroyed) server.end(bytes);
  else server.write(bytes);
  await answered;
}

function listen(listener: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(port, "127.0.0.1", () => resolve());
  });
}
