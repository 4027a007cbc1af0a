import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface StandInAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
  /** Ends the connection instead of answering. */
  readonly hangUp?: boolean;
  /** Begins to answer, and goes no further. */
  readonly endless?: boolean;
}

/** A small HTTP server in the worker's place, which remembers what it was asked. */
export interface WorkerStandIn {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Gives the answers to come; 200 `{}` when there is none. */
  readonly answers: StandInAnswer[];
  close(): Promise<void>;
}

export async function openWorkerStandIn(): Promise<WorkerStandIn> {
  const seen: SeenRequest[] = [];
  const answers: StandInAnswer[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = "", url = "", headers, rawHeaders } = request;
    seen.push({ method, url, headers, rawHeaders, body: Buffer.concat(chunks) });
    const {
      status = 200,
      headers: answered = { "content-type": "application/json" },
      body = "{}",
      hangUp,
      endless,
    } = answers.shift() ?? {};
    if (hangUp === true) request.socket.destroy();
    else if (endless === true) response.writeHead(status, answered).write(body);
    else response.writeHead(status, answered).end(body);
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
