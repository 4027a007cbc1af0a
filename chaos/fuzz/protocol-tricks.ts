import type { Random } from "../random.ts";

export interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly key: string;
  readonly random: Random;
}

/** A way to break the rules. */
export interface ProtocolTrick {
  readonly name: string;
  /** Latin-1. */
  write(line: RequestLine): string;
  /** Of the requests in it, when it is not the one of the line. */
  methods?(line: RequestLine): readonly string[];
  /** Why the connection may end without an answer. */
  readonly mayBreak?: string;
  readonly isWatched?: true;
  readonly endsSide?: true;
}

const HOST = "Host: localhost\r\n";
/** Ends the connection after the answer, so that all that the server has to say is seen. */
const LAST = `${HOST}Connection: close\r\n`;
/** A request hidden in the body of another; nobody may answer it. */
const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const NOT_HTTP = "it is not HTTP at all";
const CLIENT_ENDED = "the client has ended first";

/** Two ideas of where a request ends: whoever reads it as two lets the second one past every check. */
const SMUGGLING: readonly ProtocolTrick[] = [
  smuggle("both lengths", `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${HIDDEN}`),
  smuggle("both lengths, turned", `Transfer-Encoding: chunked\r\nContent-Length: 60\r\n`, `0\r\n\r\n${HIDDEN}`),
  smuggle("a hidden transfer coding", `Content-Length: 4\r\nTransfer-Encoding : chunked\r\n`, `0\r\n\r\n${HIDDEN}`),
  smuggle("an unknown transfer coding", `Transfer-Encoding: xchunked\r\n`, `0\r\n\r\n${HIDDEN}`),
  smuggle("chunked that is not the last coding", `Transfer-Encoding: chunked, identity\r\n`, `0\r\n\r\n${HIDDEN}`),
  smuggle("two transfer codings", `Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n`, `0\r\n\r\n${HIDDEN}`),
  smuggle("two lengths", `Content-Length: 0\r\nContent-Length: 44\r\n`, HIDDEN),
  smuggle("a list of lengths", `Content-Length: 0, 44\r\n`, HIDDEN),
  smuggle("a length with a sign", `Content-Length: +0\r\n`, HIDDEN),
  smuggle("a negative length", `Content-Length: -1\r\n`, HIDDEN),
  smuggle("a length that is none", `Content-Length: 0x0\r\n`, HIDDEN),
  smuggle("a length beyond all numbers", `Content-Length: 99999999999999999999\r\n`, HIDDEN),
  smuggle("a folded header", `X-A: 1\r\n Content-Length: 44\r\n`, HIDDEN),
  smuggle("a bare line feed", `X-A: 1\nContent-Length: 0\r\n`, HIDDEN),
  smuggle("a bare carriage return", `X-A: 1\rContent-Length: 44\r\n`, HIDDEN),
];

/** Chunks that are none. */
const CHUNKS: readonly ProtocolTrick[] = [
  chunk("a size that is none", "zz\r\nabc\r\n0\r\n\r\n"),
  chunk("a negative size", "-1\r\nabc\r\n0\r\n\r\n"),
  chunk("a size beyond all numbers", "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
  chunk("more than its size", "2\r\nabcdef\r\n0\r\n\r\n"),
  chunk("a long extension", `2;${"x".repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
  chunk("many tiny chunks", `${"1\r\n \r\n".repeat(5_000)}0\r\n\r\n`),
  chunk("a trailer", "2\r\n{}\r\n0\r\nAPI-Key: x\r\nContent-Length: 5\r\n\r\n"),
  chunk("a large trailer", `2\r\n{}\r\n0\r\nX: ${"x".repeat(50_000)}\r\n\r\n`),
];

const LINES: readonly ProtocolTrick[] = [
  simple("HTTP/1.0", ({ method, path }) => `${method} ${path} HTTP/1.0\r\n\r\n`),
  simple("HTTP/0.9", ({ path }) => `GET ${path}\r\n\r\n`),
  simple("a version to come", ({ method, path }) => `${method} ${path} HTTP/9.9\r\n${LAST}\r\n`),
  simple("no version", ({ method, path }) => `${method} ${path} HTTP/\r\n${LAST}\r\n`),
  simple("an unknown method", ({ path }) => `FROB ${path} HTTP/1.1\r\n${LAST}\r\n`),
  simple("a method in small letters", ({ path }) => `get ${path} HTTP/1.1\r\n${LAST}\r\n`),
  simple("a method without end", ({ path }) => `${"A".repeat(20_000)} ${path} HTTP/1.1\r\n${LAST}\r\n`),
  simple("no method", ({ path }) => ` ${path} HTTP/1.1\r\n${LAST}\r\n`),
  simple("spaces in the address", ({ path }) => `GET ${path} x y HTTP/1.1\r\n${LAST}\r\n`),
  simple("a tab in the address", ({ path }) => `GET ${path}\tx HTTP/1.1\r\n${LAST}\r\n`),
  simple("NUL in the address", ({ path }) => `GET ${path}\0 HTTP/1.1\r\n${LAST}\r\n`),
  simple("CR LF in the address", ({ path }) => `GET ${path}\r\nX-Injected: 1 HTTP/1.1\r\n${LAST}\r\n`),
  simple("no host", ({ method, path }) => `${method} ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`),
  simple("two hosts", ({ path }) => `GET ${path} HTTP/1.1\r\n${LAST}Host: evil.invalid\r\n\r\n`),
  simple("empty lines first", ({ path }) => `\r\n\r\n\r\nGET ${path} HTTP/1.1\r\n${LAST}\r\n`),
  simple("a header without a name", ({ path }) => `GET ${path} HTTP/1.1\r\n${LAST}: x\r\n\r\n`),
  simple("a header without a colon", ({ path }) => `GET ${path} HTTP/1.1\r\n${LAST}API-Key\r\n\r\n`),
  simple("NUL in a header", ({ path, key }) => `GET ${path} HTTP/1.1\r\n${LAST}API-Key: ${key}\0x\r\n\r\n`),
  simple("an odd header name", ({ path, random }) => {
    const name = random.pick(["X Y", "X\xff", "X(", "", "\x01", "X\t"]);
    return `GET ${path} HTTP/1.1\r\n${LAST}${name}: x\r\n\r\n`;
  }),
  simple("headers without end", ({ path }) => `GET ${path} HTTP/1.1\r\n${HOST}X: ${"x".repeat(200_000)}`),
  simple("upgrade to a WebSocket", ({ path }) => {
    const upgrade = "Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    return `GET ${path} HTTP/1.1\r\n${HOST}${upgrade}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
  }),
  simple("upgrade to HTTP/2", ({ path }) => {
    return `GET ${path} HTTP/1.1\r\n${HOST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`;
  }),
];

const ENDS: readonly ProtocolTrick[] = [
  { name: "HTTP/2", write: () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", mayBreak: NOT_HTTP },
  {
    name: "TLS",
    write: () => `\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03${"\x11".repeat(160)}`,
    mayBreak: NOT_HTTP,
    endsSide: true,
  },
  {
    name: "random bytes",
    write: ({ random }) => Array.from({ length: 500 }, () => String.fromCharCode(random.int(0, 255))).join(""),
    mayBreak: NOT_HTTP,
    endsSide: true,
  },
  { name: "nothing", write: () => "", mayBreak: CLIENT_ENDED, endsSide: true },
  { name: "half a request line", write: ({ path }) => `GET ${path}`, mayBreak: CLIENT_ENDED, endsSide: true },
  {
    name: "half of the headers",
    write: ({ path }) => `GET ${path} HTTP/1.1\r\nHost: l`,
    mayBreak: CLIENT_ENDED,
    endsSide: true,
  },
  {
    name: "half of the body",
    write: (line) => post(line, "Content-Length: 50\r\n", '{"to":"+4915'),
    methods: () => ["POST"],
    mayBreak: CLIENT_ENDED,
    endsSide: true,
  },
  {
    name: "half of the chunks",
    write: (line) => post(line, "Transfer-Encoding: chunked\r\n", '5\r\n{"to"'),
    methods: () => ["POST"],
    mayBreak: CLIENT_ENDED,
    endsSide: true,
  },
  {
    name: "CONNECT",
    write: () => `CONNECT localhost:22 HTTP/1.1\r\n${LAST}\r\n`,
    methods: () => ["CONNECT"],
    mayBreak: "there is no proxy here",
  },
  {
    name: "three requests at once",
    write: ({ path }) => `${`GET ${path} HTTP/1.1\r\n${HOST}\r\n`.repeat(2)}GET ${path} HTTP/1.1\r\n${LAST}\r\n`,
    methods: () => ["GET", "GET", "GET"],
    isWatched: true,
  },
];

/** All of them. */
export const PROTOCOL_TRICKS: readonly ProtocolTrick[] = [...SMUGGLING, ...CHUNKS, ...LINES, ...ENDS];

function simple(name: string, write: (line: RequestLine) => string): ProtocolTrick {
  // The method decides whether the answer has a body; of these only the line's own may be HEAD, which no document has.
  return { name, write };
}

function smuggle(name: string, headers: string, body: string): ProtocolTrick {
  return {
    name,
    write: ({ path, key }) =>
      `POST ${path} HTTP/1.1\r\n${HOST}API-Key: ${key}\r\nContent-Type: application/json\r\n${headers}\r\n${body}`,
    methods: () => ["POST"],
    isWatched: true,
  };
}

function chunk(name: string, chunks: string): ProtocolTrick {
  return {
    name: `chunks: ${name}`,
    write: (line) => post(line, "Transfer-Encoding: chunked\r\nConnection: close\r\n", chunks),
    methods: () => ["POST"],
    isWatched: true,
  };
}

function post({ path, key }: RequestLine, headers: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\n${HOST}API-Key: ${key}\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;
}
