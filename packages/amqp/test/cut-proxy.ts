import { once } from "node:events";
import { createServer, connect as openSocket, type Socket } from "node:net";

/**
 * What becomes of bytes on connections through the proxy:
 * - `pass`: forwarded both ways
 * - `swallow answers`: requests reach the server, answers vanish
 * - `swallow requests`: the server hears nothing more
 */
export type ProxyMode = "pass" | "swallow answers" | "swallow requests";

/** A TCP proxy that loses things on purpose. */
export type CutProxy = {
  readonly port: number;
  /** From now on, for all connections, or only for those that are open. */
  setMode(mode: ProxyMode, which?: "all" | "open ones"): void;
  /** Ends all connections on both sides, as a broken cable would once noticed. */
  cut(): void;
  /** Ends every new connection at once, until told otherwise. */
  refuseNew(refuse: boolean): void;
  close(): Promise<void>;
};

type Pair = { readonly client: Socket; readonly server: Socket; mode: ProxyMode };

export async function startCutProxy(target: { host: string; port: number }): Promise<CutProxy> {
  const pairs = new Set<Pair>();
  let modeOfNew: ProxyMode = "pass";
  let refusing = false;
  const listener = createServer({ noDelay: true }, (client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const pair: Pair = { client, server: openSocket({ ...target, noDelay: true }), mode: modeOfNew };
    pairs.add(pair);
    client.on("data", (bytes) => {
      if (pair.mode !== "swallow requests") pair.server.write(bytes);
    });
    pair.server.on("data", (bytes) => {
      if (pair.mode !== "swallow answers") client.write(bytes);
    });
    for (const socket of [client, pair.server]) {
      // Resets are what this proxy is for; "close" follows.
      socket.on("error", () => undefined);
      socket.on("close", () => endPair(pair));
    }
  });
  const endPair = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  };
  const cut = (): void => {
    for (const pair of pairs) endPair(pair);
  };
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    setMode: (mode, which = "all") => {
      if (which === "all") modeOfNew = mode;
      for (const pair of pairs) pair.mode = mode;
    },
    cut,
    refuseNew: (refuse) => {
      refusing = refuse;
    },
    close: async () => {
      listener.close();
      cut();
      if (listener.listening) await once(listener, "close");
    },
  };
}
