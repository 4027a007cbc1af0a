import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { type Draft, draftRequest, type Scene, writeBody } from "./draft.ts";
import { HOSTILE_ADDRESSES } from "./hostile-addresses.ts";
import { HOSTILE_BODIES } from "./hostile-bodies.ts";
import { HOSTILE_HEADERS } from "./hostile-headers.ts";
import { HOSTILE_VALUES } from "./hostile-values.ts";
import { NEAR_TRICKS } from "./near-tricks.ts";
import { readOperations } from "./read-operations.ts";
import { SAMPLE_DOCUMENT } from "./sample-document.ts";

const TRICKS = [...NEAR_TRICKS, ...HOSTILE_VALUES, ...HOSTILE_BODIES, ...HOSTILE_HEADERS, ...HOSTILE_ADDRESSES];
const [SEND] = readOperations(SAMPLE_DOCUMENT);

function sceneOf(seed: number): Scene {
  if (SEND === undefined) throw new Error("the sample has no operation");
  const keys = { client: "client-key", stranger: "stranger-key", admin: "admin-key" };
  const known = { nowMs: 0, keys, messageIds: [], keyFor: () => "client-key" };
  return { operation: SEND, known, random: createRandom(seed) };
}

/** A request with a body that tests know, and what a trick makes of it. */
function apply(name: string, seed = 1): Draft {
  const scene = sceneOf(seed);
  const draft = draftRequest(scene);
  draft.value = { to: "+4915000000001", priority: 3 };
  const trick = TRICKS.find((one) => one.name === name);
  if (trick === undefined) throw new Error(`there is no trick "${name}"`);
  trick.apply(draft, scene);
  return draft;
}

function textOf(draft: Draft): string {
  return String(writeBody(draft));
}

/** What the trick makes of it for many seeds. */
function texts(name: string): string[] {
  return Array.from({ length: 60 }, (_, seed) => textOf(apply(name, seed)));
}

test("tricks have names of their own", () => {
  expect(new Set(TRICKS.map(({ name }) => name)).size).toBe(TRICKS.length);
});

test("a missing field is missing, and the others stay", () => {
  expect(new Set(texts("a field is missing"))).toEqual(new Set(['{"priority":3}', '{"to":"+4915000000001"}']));
});

test("bounds are met exactly and by one too many", () => {
  const priorities = texts("at a bound or beside it").map((text) => /"priority":(-?\d+)/.exec(text)?.[1]);
  expect(new Set(priorities)).toEqual(new Set(["0", "1", "2", "3", "4", "5", "6"]));
});

test("a key that is there twice is", () => {
  for (const text of texts("a key twice")) expect(text.match(/"(to|priority)":/g)).toHaveLength(3);
});

test("numbers that JSON cannot hold are written as they are", () => {
  const found = texts("a number that is none").join("\n");
  for (const number of ["1e400", "-0", "NaN", "9007199254740993"]) expect(found).toContain(`:${number}`);
});

test("nesting is as deep as said, and closed", () => {
  const deepest = texts("deep lists").toSorted((a, b) => b.length - a.length)[0] ?? "";
  expect(deepest).toContain("[".repeat(10_000));
  expect(() => JSON.parse(deepest)).not.toThrow();
  expect(() => JSON.parse(textOf(apply("deep objects that never end")))).toThrow(SyntaxError);
});

test("names of the prototype are keys of the text, and change nothing here", () => {
  const found = texts("a name of the prototype");
  expect(found.some((text) => text.includes('"__proto__":{"isAdmin":true}'))).toBe(true);
  expect("isAdmin" in {}).toBe(false);
});

test("half a surrogate pair and U+0000 are escaped, so that only who unescapes them sees them", () => {
  const found = texts("a text that is none").join("\n");
  expect(found).toContain("\\ud800");
  expect(found).toContain("\\u0000");
});

test("UTF-16 begins with its mark and has two bytes per letter", () => {
  const bytes = writeBody(apply("UTF-16")) ?? Buffer.alloc(0);
  expect([...bytes.subarray(0, 4)]).toEqual([0xff, 0xfe, 0x7b, 0]);
});

test("a broken off body is the beginning of a whole one", () => {
  const whole = textOf(apply("an odd Idempotency-Key"));
  const [text = "?"] = texts("a broken off body");
  expect(whole.startsWith(text) && text.length < whole.length).toBe(true);
});

test("bodies that are too large may meet a closed connection, and others may not", () => {
  expect(apply("more than is taken").mayBreak).toBeDefined();
  expect(textOf(apply("more than is taken")).length).toBeGreaterThanOrEqual(1_048_576);
  expect(apply("an empty body").mayBreak).toBeUndefined();
});

test("without a key there is none, and another address", () => {
  const { headers, isStranger } = apply("no key");
  expect(headers.map(([name]) => name)).not.toContain("API-Key");
  expect(isStranger).toBe(true);
});
