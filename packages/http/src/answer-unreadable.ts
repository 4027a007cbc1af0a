import { ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { ApiError, makeErrorBody } from "@sms-gateway/contracts";

/** What Node's HTTP parser gives up with, as far as it is not simply unreadable. */
const REASONS: Readonly<Record<string, { readonly status: number; readonly message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: "The headers are larger than 16 KiB." },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: "The request did not arrive in time." },
};
const UNREADABLE = { status: 400, message: "This is not HTTP as it can be read." };

/**
 * Answers what never became a request, in the same form as every other error, and closes the connection: where one request
 * ends and the next begins is not to be known any more.
 */
export function answerUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (socket.destroyed || error.code === "ECONNRESET") return;
  if (isAnswering(socket)) return void socket.destroy();
  const { status, message } = REASONS[error.code ?? ""] ?? UNREADABLE;
  const body = JSON.stringify(makeErrorBody(new ApiError("INVALID_PAYLOAD", { status, message })));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  if (!socket.writable) return void socket.destroy();
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

/**
 * Whether an answer to an earlier request is still to come, or this one's has begun: what is written now would be taken for
 * it, or lie in the middle of it. What is wrong within the body of a request that waits for it is that one's answer.
 */
function isAnswering(socket: Socket): boolean {
  const response: unknown = "_httpMessage" in socket ? socket._httpMessage : null;
  return response instanceof ServerResponse && (response.headersSent || response.req.complete);
}
