import { expect, test } from "vitest";
import { describeAwaited, listUnreadyParts } from "./unready-answer.ts";

const BODY = JSON.stringify({
  status: "not_ready",
  checks: { database: { status: "down", detail: "not connected" }, queue: { status: "down" }, lab: { status: "ok" } },
});

test("what is down is named, with its reason", () => {
  expect(listUnreadyParts(BODY)).toEqual(["database (not connected)", "queue"]);
});

test.each(["", "Bad Gateway", "null", "[]", '{"checks":null}', '{"status":"not_ready"}'])(
  "a body that names nothing has no parts: %s",
  (text) => {
    expect(listUnreadyParts(text)).toEqual([]);
  },
);

test("what two addresses wait for is told once, and an address that says nothing by itself", () => {
  const url = "http://127.0.0.1:8001/readyz";
  const answers = [
    { url, answer: "answers 503", parts: ["database"] },
    { url: "http://127.0.0.1:9000/readyz", answer: "answers 503", parts: ["database", "queue"] },
    { url: "http://127.0.0.1:9100/healthz", answer: "does not answer (fetch failed)", parts: [] },
  ];
  expect(describeAwaited(answers)).toBe(
    "database, queue, http://127.0.0.1:9100/healthz does not answer (fetch failed)",
  );
});
