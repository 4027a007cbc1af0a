import { gzipSync } from "node:zlib";
import { type Draft, type Scene, setHeader } from "./draft.ts";
import { allowTooLarge } from "./hostile-values.ts";
import type { Trick } from "./near-tricks.ts";

const MIB = 1_048_576;
const CONTENT_TYPES = [
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/json; charset=utf-16",
  "application/json; charset=latin1",
  "application/json; charset=",
  "application/json;",
  "APPLICATION/JSON",
  "application/json, text/plain",
  "application/vnd.api+json",
  "application/jsonx",
  "application /json",
  "json",
  "/",
  ";",
  "\xff\xfe",
  `application/json; x=${"y".repeat(5_000)}`,
  `${"a;".repeat(2_000)}`,
];

/** Bodies whose bytes are not what is said of them. */
export const HOSTILE_BODIES: readonly Trick[] = [
  {
    name: "another content type",
    apply: (draft, { random }) => {
      giveBody(draft);
      setHeader(draft, "Content-Type", random.pick(CONTENT_TYPES));
    },
  },
  {
    name: "no content type",
    apply: (draft) => {
      giveBody(draft);
      draft.headers = draft.headers.filter(([name]) => name !== "Content-Type");
    },
  },
  reshape("an empty body", () => Buffer.alloc(0)),
  reshape("spaces for a body", () => Buffer.from(" \r\n\t ")),
  reshape("a broken off body", (bytes, { random }) => bytes.subarray(0, random.int(0, Math.max(0, bytes.length - 1)))),
  reshape("a byte order mark", (bytes) => Buffer.concat([Buffer.from("\ufeff"), bytes])),
  reshape("two byte order marks", (bytes) => Buffer.concat([Buffer.from("\ufeff\ufeff"), bytes])),
  reshape("UTF-16", (bytes) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(bytes.toString(), "utf16le")])),
  reshape("UTF-16 without a mark", (bytes) => Buffer.from(bytes.toString(), "utf16le")),
  reshape("UTF-8 that is none", (bytes, { random }) => {
    const bad = random.pick([[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]);
    const at = random.int(0, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(bad), bytes.subarray(at)]);
  }),
  reshape("a flipped bit", (bytes, { random }) => {
    const flipped = Buffer.from(bytes);
    const at = random.int(0, Math.max(0, bytes.length - 1));
    flipped[at] = (flipped[at] ?? 0) ^ (1 << random.int(0, 7));
    return flipped;
  }),
  reshape("random bytes", (_bytes, { random }) =>
    Buffer.from(Array.from({ length: random.int(1, 2_000) }, () => random.int(0, 255))),
  ),
  reshape("the body twice", (bytes) => Buffer.concat([bytes, bytes])),
  reshape("something behind the body", (bytes, { random }) =>
    Buffer.concat([bytes, Buffer.from(random.pick(["\0", "}", ",", "//", "/* */", "\u2028", "null"]))]),
  ),
  reshape("a value that is no object", (_bytes, { random }) =>
    Buffer.from(random.pick(["null", "true", "1", '""', '"text"', "[]", "[{}]", "-0", "1e999"])),
  ),
  {
    name: "gzip",
    apply: (draft, { random }) => {
      giveBody(draft);
      setHeader(draft, "Content-Encoding", random.pick(["gzip", "deflate", "br", "identity", "gzip, gzip", "x"]));
      // Also only said to be.
      if (random.chance(0.5)) draft.reshapes.push((bytes) => gzipSync(bytes));
    },
  },
  {
    name: "more than is taken",
    apply: (draft, { random }) => {
      giveBody(draft);
      const bytes = MIB + random.pick([0, 1, 65_536]);
      draft.reshapes.push((body) => Buffer.concat([body, Buffer.alloc(Math.max(0, bytes - body.length), " ")]));
      allowTooLarge(draft);
    },
  },
];

function reshape(name: string, change: (bytes: Buffer, scene: Scene) => Buffer): Trick {
  return {
    name,
    apply: (draft, scene) => {
      giveBody(draft);
      draft.reshapes.push((bytes) => change(bytes, scene));
    },
  };
}

/** Operations without a body get one, since nobody keeps a client from sending it. */
function giveBody(draft: Draft): void {
  if (draft.value !== undefined) return;
  draft.value = { a: "b" };
  setHeader(draft, "Content-Type", "application/json");
}
