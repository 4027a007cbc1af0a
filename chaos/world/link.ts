import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/**
 * A network path to a server, or to several that answer under one address. *open* → (cut) connections end and are
 * refused, or (silence) nothing passes in either direction and nobody is told; either → (heal) open. What was under way
 * when silence fell arrives after it, as TCP sends again what was lost. (hold back) is silence in one direction: what the
 * clients send stays on its way, what the servers send passes.
 */
export interface Link {
  readonly port: number;
  cut(): void;
  silence(): void;
  holdBack(): void;
  /** Bytes that the servers have sent through, since it was opened. */
  carried(): number;
  /** From now on every piece of data takes so much longer, each way. */
  slowDown(ms: number): void;
  /** Open again, and as fast as ever. */
  heal(): void;
  close(): Promise<void>;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

type Side = "client" | "server";

interface Path {
  readonly state: { mode: "open" | "cut" | "silent" | "held back"; delayMs: number; carried: number };
  readonly sockets: Map<Socket, Side>;
  /** Those that lead somewhere: the others must not lose what they would read too early. */
  readonly joined: WeakSet<Socket>;
}

/** Opens one on a free port of 127.0.0.1. Each connection goes to the next target that takes it. */
export async function openLink(targets: readonly Target[]): Promise<Link> {
  const path: Path = { state: { mode: "open", delayMs: 0, carried: 0 }, sockets: new Map(), joined: new WeakSet() };
  let turn = 0;
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (client) => {
    if (path.state.mode === "cut") return void client.resetAndDestroy();
    keep(path, client, "client");
    turn += 1;
    join(path, client, [...targets.slice(turn % targets.length), ...targets.slice(0, turn % targets.length)]);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the link has no port");
  return {
    port: address.port,
    cut() {
      path.state.mode = "cut";
      for (const socket of path.sockets.keys()) socket.resetAndDestroy();
    },
    silence() {
      path.state.mode = "silent";
      pauseHeld(path);
    },
    holdBack() {
      path.state.mode = "held back";
      pauseHeld(path);
    },
    carried: () => path.state.carried,
    slowDown(ms) {
      path.state.delayMs = ms;
    },
    heal() {
      path.state.mode = "open";
      path.state.delayMs = 0;
      for (const socket of path.sockets.keys()) if (path.joined.has(socket)) socket.resume();
    },
    async close() {
      for (const socket of path.sockets.keys()) socket.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

function pauseHeld(path: Path): void {
  for (const [socket, side] of path.sockets) if (isHeld(path, side)) socket.pause();
}

/** Whether what comes from that side stays on its way. */
function isHeld({ state: { mode } }: Path, side: Side): boolean {
  return mode === "silent" || (mode === "held back" && side === "client");
}

function keep({ sockets }: Path, socket: Socket, side: Side): void {
  sockets.set(socket, side);
  socket.once("close", () => sockets.delete(socket));
  // The other side learns of it by `close`.
  socket.on("error", () => socket.destroy());
}

function join(path: Path, client: Socket, [target, ...others]: readonly Target[]): void {
  if (target === undefined || client.destroyed) return void client.resetAndDestroy();
  const server = connect({ ...target, noDelay: true });
  keep(path, server, "server");
  const tryNext = () => join(path, client, others);
  server.once("error", tryNext);
  server.once("connect", () => {
    server.off("error", tryNext);
    server.pause();
    for (const socket of [client, server]) path.joined.add(socket);
    carry(path, client, server);
    carry(path, server, client);
    if (!isHeld(path, "client")) client.resume();
    if (!isHeld(path, "server")) server.resume();
  });
}

/** What `from` sends reaches `to` in order, later while the path is slow; its end ends the other. */
function carry(path: Path, from: Socket, to: Socket): void {
  const { state, sockets } = path;
  const side = sockets.get(from) ?? "client";
  const inOrder = createDelay(() => state.delayMs);
  from.on("data", (bytes: Buffer) =>
    inOrder(() => {
      if (side === "server") state.carried += bytes.length;
      if (to.destroyed || to.write(bytes) || from.destroyed) return;
      from.pause();
      to.once("drain", () => {
        if (!isHeld(path, side)) from.resume();
      });
    }),
  );
  from.once("close", (failed) => inOrder(() => (failed ? to.resetAndDestroy() : to.end())));
}

/** Does one thing after the other, each at the earliest so many ms after it was asked for. */
function createDelay(delayMs: () => number): (then: () => void) => void {
  const waiting: { readonly atMs: number; readonly then: () => void }[] = [];
  const run = (): void => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const leftMs = first.atMs - performance.now();
      if (leftMs > 0) return void setTimeout(run, leftMs);
      waiting.shift();
      first.then();
    }
  };
  return (then) => {
    if (delayMs() === 0 && waiting.length === 0) return then();
    waiting.push({ atMs: performance.now() + delayMs(), then });
    if (waiting.length === 1) run();
  };
}
