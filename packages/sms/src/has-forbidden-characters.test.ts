import { expect, test } from "vitest";
import { hasForbiddenCharacters } from "./index.ts";

test.each(["a\u0000b", "\u0000", "\ud83d", "a\ude00", "\ude00\ud83d", "😀\ud83d"])("%j is forbidden", (text) => {
  expect(hasForbiddenCharacters(text)).toBe(true);
});

test.each(["", "plain", "😀", "\u0001\u001b\ufffd\uffff", "e\u0301"])("%j is allowed", (text) => {
  expect(hasForbiddenCharacters(text)).toBe(false);
});
