import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLogFile } from "./log-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "log-file-"));
  path = join(folder, "logs", "a.log");
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (name: string): string => readFileSync(join(folder, "logs", name), "utf8");

describe("a log file", () => {
  test("is appended to, line by line, also by the next process", () => {
    openLogFile({ path }).write("one\n");
    openLogFile({ path }).write("two\n");
    expect(read("a.log")).toBe("one\ntwo\n");
  });

  test("stays below its size, with as many older ones as are asked for", () => {
    const file = openLogFile({ path, bytesMax: 10, olderFiles: 2 });
    for (const line of ["1111\n", "2222\n", "3333\n", "4444\n", "5555\n", "6666\n", "7777\n"]) file.write(line);
    expect(readdirSync(join(folder, "logs")).sort()).toEqual(["a.log", "a.log.1", "a.log.2"]);
    expect([read("a.log"), read("a.log.1"), read("a.log.2")]).toEqual(["7777\n", "5555\n6666\n", "3333\n4444\n"]);
  });

  test("takes a line longer than its size whole", () => {
    const file = openLogFile({ path, bytesMax: 4 });
    file.write("a long line\n");
    file.write("b\n");
    expect(read("a.log.1")).toBe("a long line\n");
  });

  // Linux has a device that is always full.
  test.runIf(process.platform === "linux")("a full disk ends nobody", () => {
    const file = openLogFile({ path: "/dev/full" });
    expect(() => file.write("one\n")).not.toThrow();
    expect(() => file.write("two\n")).not.toThrow();
  });
});
