import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface UnrulyServer {
  /** `127.0.0.1:<port>`, without a scheme: it speaks whatever it is told to. */
  readonly host: string;
  /** Every whole HTTP request that came in, headers and body. */
  readonly requests: readonly string[];
  /** Everything that came in, also what was no request. */
  readonly received: () => string;
  /** All there were, and those that are open now. */
  readonly connections: () => number;
  readonly openConnections: () => number;
}

/** What happens to the nth whole request (1, 2, 3 …) on its connection. */
type Behaviour = (socket: Socket, nth: number) => void;

/** A TCP server that does with HTTP requests what no HTTP server would. It ends with the test. */
export async function startUnrulyServer(
  onRequest: Behaviour,
  onConnect?: (socket: Socket) => void,
): Promise<UnrulyServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let received = "";
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let pending = "";
    // A reset is what most of these tests are about.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      pending += chunk.toString("latin1");
      for (let end = endOfRequest(pending); end > 0; end = endOfRequest(pending)) {
        requests.push(pending.slice(0, end));
        pending = pending.slice(end);
        onRequest(socket, requests.length);
      }
    });
    onConnect?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    host: `127.0.0.1:${readPort(server.address())}`,
    requests,
    received: () => received,
    connections: () => connections,
    openConnections: () => sockets.size,
  };
}

/** An HTTP answer as text; the body's length is added. */
export function answer(status: number, headers: Record<string, string>, body: string): string {
  const fields = { ...headers, "Content-Length": String(Buffer.byteLength(body)) };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join("")}\r\n${body}`;
}

/** A port of this machine on which nothing listens. */
export async function findClosedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = readPort(server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Where the first request in this text ends; 0 while it is not whole. */
function endOfRequest(text: string): number {
  const bodyStart = text.indexOf("\r\n\r\n") + 4;
  if (bodyStart < 4) return 0;
  const length = /^content-length: *(\d+)/im.exec(text.slice(0, bodyStart))?.[1] ?? "0";
  const end = bodyStart + Number(length);
  return text.length >= end ? end : 0;
}

function readPort(address: AddressInfo | string | null): number {
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
  return address.port;
}
