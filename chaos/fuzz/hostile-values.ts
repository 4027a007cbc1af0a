import { type Draft, putRaw, type Scene } from "./draft.ts";
import { isObject } from "./json-schema.ts";
import type { Trick } from "./near-tricks.ts";
import { listPlaces, replaceAt, valueAt } from "./value-places.ts";

/** Numbers that are JSON, or are said to be, and that no number of JavaScript is. */
const NUMBERS = ["1e400", "-1e400", "-0", "9007199254740993", "1e-400", "NaN", "Infinity", "0x10", "01", "1.", "+1"];
const LONG_NUMBER_DIGITS = 50_000;
const STRINGS = [
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\u202e\\u200b\\ufeff"',
  '"\\ud83d"',
  '"\u0001"',
  '"\\x41"',
  '"\x24{7*7}{{7*7}}"',
  '"../../../../etc/passwd"',
  '"%s%n%p"',
  '"\\r\\nX-Injected: 1"',
  "\"' OR '1'='1\"",
  '"\\\\"',
  "'single'",
];
const PROTOTYPE_FIELDS = [
  '"__proto__":{"isAdmin":true}',
  '"__proto__":null',
  '"constructor":{"prototype":{"isAdmin":true}}',
  '"constructor":"x"',
  '"prototype":{}',
  '"toString":1',
  '"hasOwnProperty":null',
  '"valueOf":{}',
  '"then":"x"',
  '"toJSON":{}',
  '"length":-1',
];
const DEPTHS = [31, 32, 33, 100, 1_000, 10_000];
const MIB = 1_048_576;

/** Values that no honest client sends, somewhere in a body. */
export const HOSTILE_VALUES: readonly Trick[] = [
  {
    name: "a number that is none",
    needs: "body",
    apply: (draft, scene) => putAnywhere(draft, scene, scene.random.pick(NUMBERS)),
  },
  {
    name: "a number without end",
    needs: "body",
    apply: (draft, scene) => putAnywhere(draft, scene, "9".repeat(LONG_NUMBER_DIGITS)),
  },
  {
    name: "a text that is none",
    needs: "body",
    apply: (draft, scene) => putAnywhere(draft, scene, scene.random.pick(STRINGS)),
  },
  { name: "deep lists", needs: "body", apply: (draft, scene) => putDeep(draft, scene, "[", "]") },
  { name: "deep objects", needs: "body", apply: (draft, scene) => putDeep(draft, scene, '{"a":', "}") },
  { name: "deep objects that never end", needs: "body", apply: (draft, scene) => putDeep(draft, scene, '{"a":', "") },
  { name: "a name of the prototype", needs: "body", apply: addPrototypeField },
  {
    name: "a text of a megabyte",
    needs: "body",
    apply: (draft, scene) => {
      const text = scene.random.pick(["a", "€", "\\u0041", " ", "+", "1"]);
      // Just below what is taken, and just above.
      const bytes = MIB + scene.random.pick([-4_096, 4_096]);
      putAnywhere(draft, scene, `"${text.repeat(Math.floor(bytes / Buffer.byteLength(text)))}"`);
      allowTooLarge(draft);
    },
  },
  {
    name: "a list of very many",
    needs: "body",
    apply: (draft, scene) => {
      const item = scene.random.pick([
        "1",
        "[]",
        "{}",
        '"a"',
        "null",
        '"+4915000000000"',
        '{"number":"+4915000000001"}',
      ]);
      const count = scene.random.pick([1_000, 1_001, 25_000, 100_000]);
      putAnywhere(draft, scene, `[${Array.from({ length: count }, () => item).join(",")}]`);
      allowTooLarge(draft);
    },
  },
  {
    name: "an object of very many",
    needs: "body",
    apply: (draft, scene) => {
      const count = scene.random.pick([100, 10_000, 40_000]);
      putAnywhere(draft, scene, `{${Array.from({ length: count }, (_, index) => `"k${index}":[]`).join(",")}}`);
      allowTooLarge(draft);
    },
  },
];

/** A body above the limit: the server answers and need not read the rest. */
export function allowTooLarge(draft: Draft): void {
  draft.mayBreak = "the body is larger than is taken";
}

function putAnywhere(draft: Draft, { random }: Scene, text: string): void {
  const places = listPlaces(draft.value);
  // Rather in a field than in place of the whole body.
  const way = random.pick(places.length > 1 && random.chance(0.9) ? places.slice(1) : places);
  draft.value = replaceAt(draft.value, way, putRaw(draft, text));
}

function putDeep(draft: Draft, scene: Scene, open: string, close: string): void {
  const depth = scene.random.pick(DEPTHS);
  putAnywhere(draft, scene, `${open.repeat(depth)}${close === "]" ? "" : "1"}${close.repeat(depth)}`);
}

function addPrototypeField(draft: Draft, { random }: Scene): void {
  const objects = listPlaces(draft.value).filter((way) => isObject(valueAt(draft.value, way)));
  if (objects.length === 0) return;
  const way = random.pick(objects);
  const inside = JSON.stringify(valueAt(draft.value, way)).slice(1, -1);
  const field = random.pick(PROTOTYPE_FIELDS);
  draft.value = replaceAt(draft.value, way, putRaw(draft, `{${field}${inside === "" ? "" : ","}${inside}}`));
}
