import { Value } from "typebox/value";
import { expect, test } from "vitest";
import { ApiError, ERROR_CODES, ErrorBody, type ErrorCode, makeErrorBody } from "../index.ts";

const NOW = new Date("2026-01-01T00:00:00Z");

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}

test.each(Object.keys(ERROR_CODES).filter(isErrorCode))("%s has a body of the one shape", (code) => {
  const body = makeErrorBody(new ApiError(code), NOW);
  expect(Value.Errors(ErrorBody, body)).toEqual([]);
  expect(body).toEqual({
    error_code: code,
    message: ERROR_CODES[code].title,
    details: {},
    timestamp: "2026-01-01T00:00:00.000Z",
  });
});

test("a body carries details and tracking id, and never the cause", () => {
  const error = new ApiError("SERVICE_UNAVAILABLE", {
    message: "Later.",
    details: { outcome: "unknown" },
    trackingId: "0190a1b2-0000-7000-8000-000000000001",
    retryAfterS: 1,
    cause: new Error("redis://:password@host"),
  });
  expect(makeErrorBody(error, NOW)).toEqual({
    error_code: "SERVICE_UNAVAILABLE",
    message: "Later.",
    details: { outcome: "unknown" },
    tracking_id: "0190a1b2-0000-7000-8000-000000000001",
    timestamp: "2026-01-01T00:00:00.000Z",
  });
});

test("an error has its code's status unless another is given", () => {
  expect(new ApiError("INVALID_PAYLOAD").status).toBe(422);
  expect(new ApiError("INVALID_PAYLOAD", { status: 400 }).status).toBe(400);
});

test("statuses that ask for a retry are those of errors that may pass", () => {
  const entries = Object.entries(ERROR_CODES);
  expect(
    entries.filter(([, { status }]) => status === 429 || status >= 500).every(([, { retryable }]) => retryable),
  ).toBe(true);
  expect(
    entries
      .filter(([, { status }]) => [400, 401, 403, 404, 405, 413, 415, 422].includes(status))
      .some(([, { retryable }]) => retryable),
  ).toBe(false);
});
