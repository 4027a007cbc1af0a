import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type FuzzRequest, writeRequest } from "./fuzz-request.ts";
import { readAnswers } from "./read-answers.ts";
import type { SlowEnd } from "./slow-connections.ts";

const READERS = 6;
/** Of the largest answer that anybody gets: far more together than the buffers between two processes hold. */
const QUESTIONS = 300;
/** The services end a connection that stands still after 40 to 80 s; then some for a busy machine. */
const UNREAD_FOR_MS = 90_000;
/** Who has given up has sent nothing more, so that its end is reached at once. */
const ENDS_WITHIN_MS = 5_000;

/** Clients that ask and do not read. Each looks later whether it was given up, as it should be. */
export async function holdSlowReaders(url: string): Promise<SlowEnd[]> {
  return await Promise.all(Array.from({ length: READERS }, () => hold(url)));
}

async function hold(url: string): Promise<SlowEnd> {
  const target = "/docs/json";
  const one = writeRequest(`GET ${target} HTTP/1.1`, [["Host", "localhost"]]);
  const methods = Array.from({ length: QUESTIONS }, () => "GET");
  const expects = { also: [], mayBreak: "the client does not read" };
  const kind = "slow: does not read";
  const request: FuzzRequest = { kind, bytes: one, methods, target, from: "127.0.0.1", expects };
  const startedAtMs = performance.now();
  const { hostname, port } = new URL(url);
  const chunks: Buffer[] = [];
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  // `close` follows.
  socket.on("error", () => socket.destroy());
  const closed = new Promise<"closed">((resolve) => socket.once("close", () => resolve("closed")));
  socket.write(Buffer.concat(methods.map(() => one)));
  await delay(UNREAD_FOR_MS);
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = await Promise.race([closed, delay(ENDS_WITHIN_MS, "deadline" as const)]);
  socket.destroy();
  const { answers } = readAnswers(Buffer.concat(chunks), methods, true);
  // Who had all of them taken off its hands has not met anybody who does not read.
  const end = answers.length < QUESTIONS ? ended : "deadline";
  // The last one is broken off, which is what is wanted.
  return { request, exchange: { answers, restBytes: 0, end, tookMs: performance.now() - startedAtMs } };
}
