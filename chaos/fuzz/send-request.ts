import { connect, type Socket } from "node:net";
import type { FuzzRequest } from "./fuzz-request.ts";
import { type AnswersSoFar, readAnswers } from "./read-answers.ts";

/** A request and what came back. */
export interface Exchange extends AnswersSoFar {
  /** `answered`: as many answers as requests came. `closed`, `reset`: the server ended it before. `deadline`: neither. */
  readonly end: "answered" | "closed" | "reset" | "deadline";
  readonly tookMs: number;
  /** The code of what broke the connection. */
  readonly failure?: string;
}

/** Above the longest that the gateway waits for anybody (15 s for the worker): whatever takes longer hangs. */
const DEADLINE_MS = 20_000;

/** How long nothing must come behind the last answer. */
const QUIET_MS = 250;

/** Sends it over a connection of its own, byte for byte, and reads until the answer is whole. */
export function sendRequest(url: string, request: FuzzRequest): Promise<Exchange> {
  const { hostname, port } = new URL(url);
  const { bytes, methods, from, expects } = request;
  const startedAtMs = performance.now();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let quiet: NodeJS.Timeout | undefined;
    const socket = connect({
      host: hostname,
      port: Number(port),
      localAddress: from,
      allowHalfOpen: true,
      noDelay: true,
    });
    const finish = (end: Exchange["end"], failure?: string): void => {
      clearTimeout(timer);
      clearTimeout(quiet);
      drop(socket);
      const read = readAnswers(Buffer.concat(chunks), methods, true);
      const isAnswered = read.answers.length >= methods.length && read.restBytes === 0 && end !== "deadline";
      resolve({
        ...read,
        end: isAnswered ? "answered" : end,
        tookMs: performance.now() - startedAtMs,
        ...(failure !== undefined && { failure }),
      });
    };
    const timer = setTimeout(() => finish("deadline"), DEADLINE_MS);
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const { answers } = readAnswers(Buffer.concat(chunks), methods, false);
      if (answers.length < methods.length || quiet !== undefined) return;
      if (expects.isWatched) quiet = setTimeout(() => finish("answered"), QUIET_MS);
      else finish("answered");
    });
    socket.once("end", () => finish("closed"));
    socket.once("error", (error) => finish("reset", "code" in error ? String(error.code) : error.message));
    socket.once("connect", () => {
      if (expects.endsSide) socket.end(bytes);
      else socket.write(bytes);
    });
  });
}

/** Without waiting for the other side, and without an error that nobody listens to. */
function drop(socket: Socket): void {
  socket.removeAllListeners();
  socket.on("error", () => socket.destroy());
  socket.resetAndDestroy();
}
