import fc from "fast-check";
import { expect, test } from "vitest";
import { countCharacters } from "./count-characters.ts";

test("characters are code points", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => countCharacters(text) === [...text].length));
  expect(countCharacters("👍a")).toBe(2);
});
