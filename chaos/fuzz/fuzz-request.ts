import type { Random } from "../random.ts";
import type { Operation } from "./read-operations.ts";

/** One request as it goes out, and what may come back. */
export interface FuzzRequest {
  /** What it tries, for the report. */
  readonly kind: string;
  /** Everything that is written, from the request line on. */
  readonly bytes: Buffer;
  /** Of the requests in it, in their order; decides whether an answer has a body. */
  readonly methods: readonly string[];
  /** As in the request line. */
  readonly target: string;
  /** The address that it comes from. */
  readonly from: string;
  readonly expects: Expectation;
}

export interface Expectation {
  /** The operation that is meant; without one every status below 500 will do. */
  readonly operation?: Operation;
  /** Statuses beside those that the operation declares. */
  readonly also: readonly number[];
  /** Why the connection may end without an answer; without it that is a fault. */
  readonly mayBreak?: string;
  /** A moment is waited for what may follow the answer and must not. */
  readonly isWatched?: true;
  /** The client ends its side after the last byte. */
  readonly endsSide?: true;
}

/** One address, or a kind of requests without one, that is asked over and over. */
export interface Route {
  /** `gateway POST /api/v1/sms/send`; names it for a replay. */
  readonly label: string;
  readonly url: string;
  /** The same index makes the same request, whatever was made before. */
  make(index: number): FuzzRequest;
}

/** The loopback network of Linux is wide; elsewhere there is one address. */
const HAS_MANY_ADDRESSES = process.platform === "linux";

/** An address that slows down nobody but itself when it is refused. */
export function strangeAddress(random: Random): string {
  if (!HAS_MANY_ADDRESSES) return "127.0.0.1";
  return `127.${random.int(1, 250)}.${random.int(0, 255)}.${random.int(1, 254)}`;
}

/** A request as HTTP/1.1 writes it. Header values are Latin-1, as in HTTP. */
export function writeRequest(line: string, headers: readonly (readonly [string, string])[], body?: Buffer): Buffer {
  const head = [line, ...headers.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head, "latin1"), body ?? Buffer.alloc(0)]);
}
