import { type Draft, type Scene, UNKNOWN_ADDRESS } from "./draft.ts";
import type { Trick } from "./near-tricks.ts";

/** Segments that mean something to routers, files, databases or templates. */
export const ODD_SEGMENTS = [
  "..",
  ".",
  "%2e%2e",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "..%5c..%5c",
  "%2f",
  "%252f",
  "%00",
  "a%00b",
  "%0d%0aX-Injected:%201",
  "%ff",
  "%c0%af",
  "%ed%a0%80",
  "%zz",
  "%",
  "%u0041",
  "%F0%9F%98%80",
  ";a=b",
  "*",
  ":id",
  "{id}",
  "__proto__",
  "constructor",
  "null",
  "undefined",
  "0",
  "-1",
  "1e400",
  "'%20OR%20'1'='1",
  "a".repeat(65),
  "a".repeat(257),
  "a".repeat(6_000),
  "%41".repeat(1_000),
  "\xe9",
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "------------------------------------",
] as const;
const ODD_VALUES = [
  ...ODD_SEGMENTS,
  "%5B%5D",
  "99999999999999999999",
  "9007199254740993",
  "NaN",
  "Infinity",
  "0x10",
  "1%00",
  "%F0%9F",
  "2026-02-30",
  "+275760-09-13T00:00:00.001Z",
  "-271821-04-19",
  "0000-00-00",
  "2026-01-31T25:61:61Z",
  "eyJhIjoxfQ==",
] as const;

/** Addresses that no honest client asks for. */
export const HOSTILE_ADDRESSES: readonly Trick[] = [
  {
    name: "an odd segment for a parameter",
    needs: "path",
    apply: (draft, scene) => {
      const { operation, random } = scene;
      draft.path = operation.path.replace(/\{[^}]+\}/, () => random.pick(ODD_SEGMENTS));
      draft.path = draft.path.replaceAll(/\{[^}]+\}/g, "x");
      // It may be another address then, or none.
      draft.also.push(...UNKNOWN_ADDRESS);
    },
  },
  { name: "an odd value for a parameter", needs: "query", apply: putOddValue },
  {
    name: "very many parameters",
    apply: (draft, { random }) => {
      const count = random.pick([100, 1_000, 1_500]);
      for (let index = 0; index < count; index += 1) draft.query.push(`p${index}=1`);
      draft.also.push(431);
    },
  },
  {
    name: "a parameter of the prototype",
    apply: (draft, { random }) => {
      const names = ["__proto__[a]=1", "constructor[prototype][a]=1", "__proto__=1", "toString=1", "hasOwnProperty=1"];
      draft.query.push(random.pick(names));
    },
  },
  {
    name: "an address without end",
    apply: (draft, { random }) => {
      draft.query.push(`x=${"y".repeat(random.pick([4_000, 12_000, 20_000, 200_000]))}`);
      draft.also.push(414, 431);
      draft.mayBreak = "the address is longer than is taken";
    },
  },
];

function putOddValue(draft: Draft, { operation, random }: Scene): void {
  const { name } = random.pick(operation.parameters.filter(({ place }) => place === "query"));
  draft.query = draft.query.filter((written) => !written.startsWith(`${name}=`));
  draft.query.push(`${name}=${random.pick(ODD_VALUES)}`);
  // Some are no URL at all.
  draft.also.push(400);
}
