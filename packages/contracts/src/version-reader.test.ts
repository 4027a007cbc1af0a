import fc from "fast-check";
import { expect, test } from "vitest";
import { createVersionReader, type ReadValue } from "./version-reader.ts";

/** Two versions of one envelope: the second has renamed a field. */
interface Note {
  readonly text: string;
}

const has = (value: unknown, name: string): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && name in value;
const readVersion1: ReadValue<Note> = (value) =>
  has(value, "body") ? { ok: true, value: { text: String(value.body) } } : { ok: false, problem: "/body is missing" };
const readVersion2: ReadValue<Note> = (value) =>
  has(value, "text") ? { ok: true, value: { text: String(value.text) } } : { ok: false, problem: "/text is missing" };

const before = createVersionReader("note", new Map([[1, readVersion1]]));
const after = createVersionReader(
  "note",
  new Map([
    [1, readVersion1],
    [2, readVersion2],
  ]),
);
const later = createVersionReader(
  "note",
  new Map([
    [2, readVersion2],
    [3, readVersion2],
  ]),
);

test("versions n and n-1 are read alike", () => {
  const note = { ok: true, value: { text: "hello" } };
  expect(after({ type: "note", version: 1, body: "hello" })).toEqual(note);
  expect(after({ type: "note", version: 2, text: "hello" })).toEqual(note);
});

test("a newer version is put aside as such, and read once the reader knows it", () => {
  const value = { type: "note", version: 2, text: "hello" };
  const problem = "/version 2 of note is a newer version; this process reads version 1";
  expect(before(value)).toEqual({ ok: false, problem });
  expect(after(value).ok).toBe(true);
});

test("a version that is read no more is put aside as an older one", () => {
  const problem = "/version 1 of note is an older version; this process reads versions 2 to 3";
  expect(later({ type: "note", version: 1, body: "hello" })).toEqual({ ok: false, problem });
});

test("a value without a version of its type is judged by the newest reader", () => {
  const notOurs = fc.anything().filter((value) => !(has(value, "version") && value.type === "note"));
  fc.assert(
    fc.property(notOurs, (value) => {
      expect(after(value)).toEqual(readVersion2(value));
    }),
  );
  // A number of this size might be somebody's.
  expect(after({ type: "note", version: 4_915_112_345_678 })).toEqual({ ok: false, problem: "/text is missing" });
});
