import type { Random } from "../random.ts";
import { type FuzzRequest, type Route, strangeAddress, writeRequest } from "./fuzz-request.ts";
import { ODD_SEGMENTS } from "./hostile-addresses.ts";
import type { Target } from "./make-request.ts";
import type { Operation } from "./read-operations.ts";

/** What a server has beside its declared operations, has had elsewhere, or must not have. */
const OTHER_PATHS = [
  "/",
  "/docs",
  "/docs/json",
  "/docs/yaml",
  "/docs/static/index.html",
  "/docs/static/",
  "/metrics",
  "/healthz",
  "/readyz",
  "/favicon.ico",
  "/robots.txt",
  "/.env",
  "/.git/config",
  "/package.json",
  "/api",
  "/api/v1",
  "/api/v2/sms/send",
  "/api/v1/admin/queues",
  "/api/v1/admin/providers",
  "/api/v1/admin/session/login",
  "/webhooks/twilio/status",
  "/webhooks/unknown/status",
  "/webhooks/twilio/inbound",
] as const;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "QUERY"] as const;
const KEY_SHARE = 0.7;

/** Requests for addresses that are nearly, strangely or not at all those of the operations, with every method. */
export function createPathRoute(target: Target, operations: readonly Operation[]): Route {
  const { member, url, random, known } = target;
  const label = `${member} PATHS`;
  const paths = [...new Set([...OTHER_PATHS, ...operations.map(({ path }) => path)])];
  const make = (index: number): FuzzRequest => {
    const draw = random.fork(label).fork(`${index}`);
    const path = draw.pick(paths).replaceAll(/\{[^}]+\}/g, () => draw.pick([...known.messageIds, "twilio", "x"]));
    const bent = bendPath(draw, path);
    const method = draw.pick(METHODS);
    const key = draw.chance(KEY_SHARE) ? draw.pick(Object.values(known.keys)) : undefined;
    const headers: [string, string][] = [["Host", "localhost"]];
    if (key !== undefined) headers.push(["API-Key", key]);
    if (method === "POST") headers.push(["Content-Length", "0"]);
    return {
      kind: `path: ${bent.kind}`,
      bytes: writeRequest(`${method} ${bent.path} HTTP/1.1`, headers),
      methods: [method],
      target: bent.path,
      // A key may be wrong for what it meets.
      from: strangeAddress(draw),
      expects: {
        also: [],
        ...(bent.path.length > 10_000 && { mayBreak: "the address is longer than is taken" }),
      },
    };
  };
  return { label, url, make };
}

interface BentPath {
  readonly kind: string;
  readonly path: string;
}

const BENDS: readonly { readonly kind: string; bend(path: string, random: Random): string }[] = [
  { kind: "as it is", bend: (path) => path },
  { kind: "a segment in between", bend: (path, random) => putSegment(path, random.pick(ODD_SEGMENTS), random) },
  { kind: "a segment at the end", bend: (path, random) => `${path}/${random.pick(ODD_SEGMENTS)}` },
  { kind: "up and down", bend: (path, random) => random.pick(["/x/..", "/docs/static/..", "/api/v1/sms/.."]) + path },
  { kind: "encoded ups", bend: (path, random) => random.pick(["/x/%2e%2e", "/api/v1/sms/..%2f.."]) + path },
  { kind: "doubled slashes", bend: (path) => path.replaceAll("/", "//") },
  { kind: "an encoded slash", bend: (path, random) => encodeOne(path, "/", random.pick(["%2f", "%2F", "%5c", "\\"])) },
  {
    kind: "an encoded letter",
    bend: (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  },
  { kind: "other letters", bend: (path) => path.toUpperCase() },
  { kind: "a last slash", bend: (path) => `${path}/` },
  { kind: "a semicolon", bend: (path) => `${path};a=b` },
  { kind: "a fragment", bend: (path) => `${path}#x` },
  {
    kind: "an odd query",
    bend: (path, random) => `${path}?${random.pick(["", "?", "&&&", "%", "%ff", "a[b]=c", "\xff"])}`,
  },
  {
    kind: "a whole URL",
    bend: (path, random) => random.pick(["http://evil.invalid", "http://localhost", "file://"]) + path,
  },
  { kind: "a host in place of a path", bend: (path) => `//evil.invalid${path}` },
  { kind: "an asterisk", bend: () => "*" },
  { kind: "no slash", bend: (path) => path.slice(1) || "x" },
  { kind: "bytes above 127", bend: (path, random) => path + String.fromCharCode(random.int(128, 255)).repeat(3) },
  { kind: "over-long", bend: (path, random) => `${path}/${"a".repeat(random.pick([3_000, 15_000, 100_000]))}` },
  { kind: "very deep", bend: (path, random) => "/a".repeat(random.pick([50, 2_000])) + path },
];

function bendPath(random: Random, path: string): BentPath {
  const { kind, bend } = random.pick(BENDS);
  return { kind, path: bend(path, random) };
}

function putSegment(path: string, segment: string, random: Random): string {
  const segments = path.split("/");
  segments.splice(random.int(1, segments.length), 0, segment);
  return segments.join("/");
}

/** The last one, where parameters stand. */
function encodeOne(path: string, letter: string, code: string): string {
  const at = path.lastIndexOf(letter);
  return at <= 0 ? path : path.slice(0, at) + code + path.slice(at + letter.length);
}
