import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import twilio from "twilio";
import { onTestFinished } from "vitest";

export interface ReceivedCallback {
  path: string;
  fields: Record<string, string>;
  headers: IncomingMessage["headers"];
}

export interface CallbackTarget {
  /** The address for `StatusCallback`, with the message's key in it. */
  statusCallback(messageKey: string): string;
  received: ReceivedCallback[];
  statuses(): (string | undefined)[];
  /** What the official SDK says of a callback's signature. */
  isSigned(callback: ReceivedCallback, authToken: string): boolean;
}

type Answer = (response: ServerResponse, callback: ReceivedCallback) => void;

/** A real HTTP server that takes callbacks and answers 204, or as told. */
export async function startCallbackTarget(answer: Answer = (response) => response.writeHead(204).end()) {
  const received: ReceivedCallback[] = [];
  const server = createServer(async (request, response) => {
    const fields = Object.fromEntries(new URLSearchParams(await text(request)));
    const callback = { path: request.url ?? "", fields, headers: request.headers };
    received.push(callback);
    answer(response, callback);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const origin = `http://127.0.0.1:${readPort(server.address())}`;

  const target: CallbackTarget = {
    statusCallback: (messageKey) => `${origin}/webhooks/twilio/status?a=twilio&m=${messageKey}&n=1&h=0a1b'%20`,
    received,
    statuses: () => received.map(({ fields }) => fields.MessageStatus),
    isSigned: ({ path, fields, headers }, authToken) =>
      twilio.validateRequest(
        authToken,
        String(headers["x-twilio-signature"]),
        target.statusCallback(readKey(path)),
        fields,
      ),
  };
  return target;
}

function readKey(path: string): string {
  return new URL(path, "http://localhost").searchParams.get("m") ?? "";
}

function readPort(address: AddressInfo | string | null): number {
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
  return address.port;
}
