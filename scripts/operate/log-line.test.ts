import { describe, expect, test } from "vitest";
import { formatLogLine } from "./log-line.ts";

const GATEWAY = ["gateway", "standalone"];
const write = (fields: Record<string, unknown>): string =>
  JSON.stringify({ level: "info", time: "2026-01-02T03:04:05.006Z", service: "gateway", ...fields });

describe("a log line", () => {
  test("is shown with time, level, service, event, message and fields", () => {
    const line = write({ event: "request.done", status: 202, path: "a b", list: [1], msg: "it is done" });
    expect(formatLogLine(line, GATEWAY)).toBe(
      '2026-01-02T03:04:05.006Z INFO  gateway    request.done it is done status=202 path="a b" list=[1]',
    );
  });

  test("of another service is left out", () => {
    expect(formatLogLine(write({ service: "worker" }), GATEWAY)).toBeUndefined();
    expect(formatLogLine(write({ service: "standalone" }), GATEWAY)).toBeDefined();
    expect(formatLogLine(write({ service: "worker" }))).toBeDefined();
  });

  test.each(["Error: it broke", "    at main.js:1:2", "{broken", "{}", "[1]", "null", ""])(
    "that no service wrote is shown as it is: %s",
    (line) => {
      expect(formatLogLine(line, GATEWAY)).toBe(line);
    },
  );

  test("shows an error's stack and what else it carries", () => {
    const err = { type: "Error", message: "no", stack: "Error: no\n    at a.js:1", code: "EPIPE" };
    expect(
      formatLogLine(write({ level: "error", err }), GATEWAY)
        ?.split("\n")
        .slice(1),
    ).toEqual(["    Error: no", "        at a.js:1", '    {"code":"EPIPE"}']);
    expect(formatLogLine(write({ err }), GATEWAY, { stacks: false })?.split("\n").slice(1)).toEqual([
      "    Error: no",
      '    {"code":"EPIPE"}',
    ]);
    const cause = { type: "TypeError", message: "because" };
    expect(
      formatLogLine(write({ err: { ...err, cause } }), GATEWAY)
        ?.split("\n")
        .slice(-2),
    ).toEqual(["    caused by:", "    TypeError: because"]);
    expect(formatLogLine(write({ err: "text" }), GATEWAY)?.split("\n")[1]).toBe("    text");
    expect(formatLogLine(write({ err: { code: 1 } }), GATEWAY)?.split("\n")[1]).toBe('    {"code":1}');
  });
});
