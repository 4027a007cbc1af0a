import { connect } from "node:net";
import { type FuzzRequest, writeRequest } from "./fuzz-request.ts";
import { readAnswers } from "./read-answers.ts";
import type { Operation } from "./read-operations.ts";
import type { Exchange } from "./send-request.ts";

/** One connection that takes its time. */
interface SlowConnection {
  readonly kind: string;
  readonly method: string;
  /** Sent at once. */
  readonly start: Buffer;
  /** Sent byte by byte, over and over. */
  readonly drip: string;
  /** By when the server must have ended it. */
  readonly limitMs: number;
}

/** A slow connection, and how the server ended it. */
export interface SlowEnd {
  readonly request: FuzzRequest;
  readonly exchange: Exchange;
}

const DRIP_PAUSE_MS = 1_500;
/** The services give a request 30 s, and 40 s to a connection on which nothing moves; then some for a busy machine. */
const REQUEST_LIMIT_MS = 60_000;
/** A connection that rests after an answer is kept for 72 s, for load balancers. */
const REST_LIMIT_MS = 90_000;
/** More than a pool of ours has connections: whoever passes bodies on while they come in must not run out of them. */
const BODIES_OPEN_TO_ALL = 80;
/** Of each other kind. */
const FEW = 6;

type SlowPart = "headers" | "a body" | "chunks" | "nothing at all";

/** Holds them all open until each has ended. `keyFor` gives the key that an operation takes. */
export async function holdSlowConnections(
  url: string,
  operations: readonly Operation[],
  keyFor: (operation: Operation) => string | undefined,
): Promise<SlowEnd[]> {
  const posts = operations.filter(({ method }) => method === "POST");
  const planned = posts.flatMap((operation) => {
    const bodies = operation.isProtected ? FEW : BODIES_OPEN_TO_ALL;
    return Array.from({ length: bodies + FEW }, (_, index) => {
      const parts: readonly SlowPart[] = index < bodies ? ["a body", "chunks"] : ["headers", "nothing at all"];
      return planPost(operation, parts[index % 2] ?? "a body", keyFor(operation));
    });
  });
  const resting: SlowConnection = {
    kind: "slow: rests after an answer",
    method: "GET",
    start: writeRequest("GET /healthz HTTP/1.1", [["Host", "localhost"]]),
    drip: "",
    limitMs: REST_LIMIT_MS,
  };
  return await Promise.all([...planned, resting].map((slow) => hold(url, slow)));
}

function planPost({ path }: Operation, what: SlowPart, key: string | undefined): SlowConnection {
  const address = path.replaceAll(/\{[^}]+\}/g, "twilio");
  const line = `POST ${address} HTTP/1.1`;
  const headers: [string, string][] = [["Host", "localhost"]];
  if (key !== undefined) headers.push(["API-Key", key]);
  const json: [string, string] = ["Content-Type", "application/json"];
  const slow = { kind: `slow: ${what}, POST ${path}`, method: "POST", limitMs: REQUEST_LIMIT_MS };
  switch (what) {
    case "headers":
      return { ...slow, start: Buffer.from(`${line}\r\nHost: localhost\r\nX-Slow: `), drip: "x" };
    case "a body":
      return { ...slow, start: writeRequest(line, [...headers, json, ["Content-Length", "50000"]]), drip: " " };
    case "chunks":
      return {
        ...slow,
        start: writeRequest(line, [...headers, json, ["Transfer-Encoding", "chunked"]]),
        drip: "1\r\n \r\n",
      };
    case "nothing at all":
      return { ...slow, start: Buffer.alloc(0), drip: "" };
  }
}

function hold(url: string, { kind, method, start, drip, limitMs }: SlowConnection): Promise<SlowEnd> {
  const { hostname, port } = new URL(url);
  const expects = { also: [], mayBreak: "the client is too slow" };
  const request: FuzzRequest = { kind, bytes: start, methods: [method], target: "", from: "127.0.0.1", expects };
  const startedAtMs = performance.now();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let dripped = 0;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const finish = (end: "closed" | "deadline"): void => {
      clearInterval(dripping);
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on("error", () => socket.destroy());
      socket.resetAndDestroy();
      const read = readAnswers(Buffer.concat(chunks), [method], true);
      resolve({ request, exchange: { ...read, end, tookMs: performance.now() - startedAtMs } });
    };
    const timer = setTimeout(() => finish("deadline"), limitMs);
    const dripping = setInterval(() => {
      if (drip === "" || !socket.writable) return;
      socket.write(drip.charAt(dripped % drip.length));
      dripped += 1;
    }, DRIP_PAUSE_MS);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.once("close", () => finish("closed"));
    // `close` follows.
    socket.on("error", () => socket.destroy());
    socket.once("connect", () => socket.write(start));
  });
}
