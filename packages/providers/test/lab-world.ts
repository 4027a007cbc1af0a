import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { buildCarrierLab } from "@sms-gateway/carrier-lab";
import type { CallbackRequest } from "@sms-gateway/providers";
import { onTestFinished } from "vitest";

export const LAB_TOKEN = "token-of-the-tests";

export interface LabWorld {
  readonly labUrl: string;
  /** The address to give out for the reports of a message; its key tells messages apart. */
  callbackUrl(messageKey: string): string;
  /** Callbacks in the order in which they came, answered 204. */
  readonly callbacks: readonly CallbackRequest[];
}

/** A carrier lab that delivers after 40 ms and is silent for 100 ms at most, and a server that takes its callbacks. Both end with the test. */
export async function startLabWorld(): Promise<LabWorld> {
  const folder = await mkdtemp(join(tmpdir(), "providers-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const lab = await buildCarrierLab({
    labToken: LAB_TOKEN,
    inboxFile: join(folder, "inbox.jsonl"),
    deliveryDelayMs: 40,
    silenceTimeoutMs: 100,
  });
  onTestFinished(() => lab.close());
  const labUrl = await lab.listen({ host: "127.0.0.1", port: 0 });

  const callbacks: CallbackRequest[] = [];
  let origin = "";
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    callbacks.push({
      url: origin + url,
      method,
      headers: named,
      query: url.replace(/^[^?]*\??/, ""),
      contentType: headers["content-type"] ?? "",
      body: await buffer(request),
    });
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
  origin = `http://127.0.0.1:${address.port}`;
  const callbackUrl = (messageKey: string) => `${origin}/webhooks/any/status?a=lab&m=${messageKey}&n=1&h=0a1b'`;
  return { labUrl, callbackUrl, callbacks };
}
