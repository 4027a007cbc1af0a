import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { onTestFinished } from "vitest";

/** What a test's server answers to one request; `drop` closes the connection without a word, `hang` never answers. */
export type ScriptedAnswer =
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | "drop"
  | "hang";

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** A real HTTP server that gives these answers in order, the last one for ever, and ends with the test. */
export async function startScriptedServer(...answers: ScriptedAnswer[]) {
  const received: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answer = answers[Math.min(received.length, answers.length - 1)] ?? "drop";
      const text = Buffer.concat(chunks).toString();
      const { method = "", url = "", headers } = request;
      received.push({ method, url, headers, body: text === "" ? undefined : JSON.parse(text) });
      if (answer === "drop") request.socket.destroy();
      if (answer === "drop" || answer === "hang") return;
      const isText = typeof answer.body === "string";
      response.writeHead(answer.status, {
        "content-type": isText ? "text/html" : "application/json",
        ...answer.headers,
      });
      response.end(isText ? answer.body : JSON.stringify(answer.body));
    });
  });
  const port = await listen(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl: `http://127.0.0.1:${port}`, received };
}

/** The body of an error answer. */
export function errorBody(errorCode: string, rest: Readonly<Record<string, unknown>> = {}) {
  return { error_code: errorCode, message: "no", details: {}, timestamp: "2026-01-01T00:00:00.000Z", ...rest };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address === "object" && address !== null) resolve(address.port);
    });
  });
}
