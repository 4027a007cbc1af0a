import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LineReader, openLineReader, readLastLines } from "./follow-file.ts";

let folder: string;
let file: string;
let reader: LineReader;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "follow-file-"));
  file = join(folder, "a.log");
  reader = openLineReader(file);
});
afterEach(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

describe("a followed file", () => {
  test("may come later, and gives each complete line once", () => {
    expect(reader.readNew()).toEqual([]);
    writeFileSync(file, "one\ntw");
    expect(reader.readNew()).toEqual(["one"]);
    expect(reader.readNew()).toEqual([]);
    appendFileSync(file, "o\n\nthree\n");
    expect(reader.readNew()).toEqual(["two", "", "three"]);
  });

  test("keeps a character whole that lies across two reads", () => {
    const bytes = Buffer.from("grün\n");
    writeFileSync(file, bytes.subarray(0, 3));
    expect(reader.readNew()).toEqual([]);
    appendFileSync(file, bytes.subarray(3));
    expect(reader.readNew()).toEqual(["grün"]);
  });

  test("is read to its end when it is replaced, and the new one from its beginning", () => {
    writeFileSync(file, "one\n");
    reader.readNew();
    appendFileSync(file, "two\n");
    renameSync(file, `${file}.1`);
    writeFileSync(file, "three\n");
    expect([...reader.readNew(), ...reader.readNew(), ...reader.readNew()]).toEqual(["two", "three"]);
  });

  test("is read from its beginning when it is emptied", () => {
    writeFileSync(file, "one\ntwo\n");
    reader.readNew();
    truncateSync(file);
    appendFileSync(file, "new\n");
    expect(reader.readNew()).toEqual(["new"]);
  });

  test("that is long is begun near its end, at a whole line", () => {
    writeFileSync(file, `${"x".repeat(99)}\n`.repeat(20_000));
    appendFileSync(file, "last\n");
    const lines = reader.readNew();
    expect(lines.at(-1)).toBe("last");
    expect(lines[0]).toBe("x".repeat(99));
    expect(lines.length).toBeLessThan(11_000);
  });
});

test("the last lines of a file that is not there are none", () => {
  expect(readLastLines(file, 3)).toEqual([]);
  writeFileSync(file, "1\n2\n3\n4\n");
  expect(readLastLines(file, 3)).toEqual(["2", "3", "4"]);
});
