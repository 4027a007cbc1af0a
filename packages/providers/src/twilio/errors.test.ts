import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeTwilioError, readFailedMessage, readRefusal } from "./errors.ts";

const NOW_MS = Date.UTC(2026, 10, 21, 12, 0, 0);

function refuse(httpStatus: number, code?: number, retryAfter?: string) {
  return readRefusal({ httpStatus, code, retryAfter }, NOW_MS);
}

describe("readRefusal", () => {
  it.each([
    [21211, "message"],
    [21614, "message"],
    [21617, "message"],
    [21610, "recipient"],
    [20003, "provider"],
    [21606, "provider"],
    [21408, "provider"],
    [21703, "provider"],
  ])("takes %i as a refusal of scope %s", (code, scope) => {
    const error = { code: String(code), reason: expect.not.stringContaining("table") };
    expect(refuse(400, code)).toEqual({ outcome: "rejected", scope, error });
  });

  it.each([
    [429, 20429],
    [429, undefined],
    [429, 29999],
    [400, 21611],
    [400, 14107],
  ])("takes HTTP %i with code %s as not processed, by a provider that works", (httpStatus, code) => {
    expect(refuse(httpStatus, code)).toMatchObject({ outcome: "try_later", cause: "throttled" });
    expect(refuse(httpStatus, code)).not.toHaveProperty("retryAfterMs");
  });

  it("hands on the wait that Twilio asks for, in seconds or as a date", () => {
    expect(refuse(429, 20429, "2")).toMatchObject({ retryAfterMs: 2000 });
    expect(refuse(429, 20429, "Sat, 21 Nov 2026 12:01:00 GMT")).toMatchObject({ retryAfterMs: 60_000 });
    expect(refuse(400, 21611, "7")).toMatchObject({ outcome: "try_later", retryAfterMs: 7000 });
  });

  it.each([500, 502, 503, 504, 599, 302, 408])("takes HTTP %i as unknown, whatever it says", (httpStatus) => {
    expect(refuse(httpStatus)).toMatchObject({ outcome: "unknown", error: { code: `HTTP_${httpStatus}` } });
    if (httpStatus >= 500) expect(refuse(httpStatus, 21211, "5").outcome).toBe("unknown");
  });

  it("shows a code that it does not know, and says so", () => {
    const result = refuse(400, 21999);
    expect(result).toMatchObject({ outcome: "rejected", scope: "message", error: { code: "21999" } });
    expect(result).toHaveProperty("error.reason", expect.stringMatching(/21999, not in our table \(HTTP 400\)/));
  });

  it.each([
    [400, 21799, "provider"],
    [400, 20155, "provider"],
    [403, 29999, "provider"],
    [401, undefined, "provider"],
    [400, undefined, "message"],
    [413, undefined, "message"],
  ])("takes HTTP %i with the unlisted code %s as a refusal of scope %s", (httpStatus, code, scope) => {
    expect(refuse(httpStatus, code)).toMatchObject({ outcome: "rejected", scope });
  });

  it("gives every refusal a code and a reason", () => {
    const code = fc.option(fc.integer({ min: 10_000, max: 99_999 }), { nil: undefined });
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), code, fc.option(fc.string(), { nil: undefined }), (...answer) => {
        const result = refuse(...answer);
        expect(result.outcome).not.toBe("accepted");
        if (result.outcome === "accepted") return;
        expect(result.error.code).toMatch(/^(\d{5}|HTTP_\d{3})$/);
        expect(result.error.reason).not.toBe("");
      }),
    );
  });
});

it("reads a message that was created as failed by its code", () => {
  expect(readFailedMessage("failed", 30005)).toMatchObject({ outcome: "rejected", scope: "message" });
  expect(readFailedMessage("failed", 30001)).toMatchObject({ outcome: "try_later", error: { code: "30001" } });
  expect(readFailedMessage("failed", 30410)).toMatchObject({ outcome: "unknown" });
  expect(readFailedMessage("canceled", undefined)).toMatchObject({ error: { code: "STATUS_CANCELED" } });
});

it("puts error codes of reports into words", () => {
  expect(describeTwilioError(30005)).toEqual({ code: "30005", reason: "Unknown destination handset" });
  expect(describeTwilioError(39999)).toEqual({ code: "39999", reason: "Twilio error 39999" });
});
