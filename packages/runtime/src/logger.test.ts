import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CapturedLog, captureLog } from "../test/capture-log.ts";
import { createLogger, type Logger, type LogLevel } from "./logger.ts";
import { maskPhoneNumber } from "./mask-phone-number.ts";

function openLog(level: LogLevel = "info"): { log: CapturedLog; logger: Logger } {
  const log = captureLog();
  return { log, logger: createLogger({ service: "gateway", level, destination: log.destination }) };
}

class VendorError extends Error {
  code = 20003;
  config = { headers: { Authorization: "Basic c2VjcmV0" } };
  response = { body: "hidden-body" };
}

describe("createLogger", () => {
  it("writes level as text, ISO time and the service in each line", () => {
    const { log, logger } = openLog();
    logger.info({ event: "a" }, "hello");
    logger.child({ request_id: "r1" }).warn("there");
    expect(log.lines()).toEqual([
      {
        level: "info",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        service: "gateway",
        event: "a",
        msg: "hello",
      },
      { level: "warn", time: expect.any(String), service: "gateway", request_id: "r1", msg: "there" },
    ]);
  });

  it("leaves out lines below its level", () => {
    const { log, logger } = openLog("warn");
    logger.info("quiet");
    expect(log.text()).toBe("");
  });

  it.each([
    "text",
    "message_text",
    "apiKey",
    "api_key",
    "API-Key",
    "password",
    "token",
    "code",
    "Authorization",
    "cookie",
  ])("redacts the key %s at any depth", (key) => {
    const { log, logger } = openLog();
    logger.info({ [key]: "hidden", nested: { [key]: "hidden", deeper: [{ headers: { [key]: ["hidden"] } }] } });
    expect(log.text()).not.toContain("hidden");
    expect(log.lines()[0]).toMatchObject({ [key]: "[redacted]", nested: { [key]: "[redacted]" } });
  });

  it.each(["text", "message_text", "apiKey", "api_key", "password", "token", "code"])(
    "redacts the key %s among the fields of a child logger",
    (key) => {
      const { log, logger } = openLog();
      logger
        .child({ [key]: "hidden" })
        .child({ client: "c1" })
        .info("line");
      expect(log.lines()[0]).toMatchObject({ [key]: "[redacted]", client: "c1" });
    },
  );

  it("keeps fields that only resemble secret ones", () => {
    const { log, logger } = openLog();
    logger.info({ error_code: "FORBIDDEN", token_count: 3, text_length: 12, code: null });
    expect(log.lines()[0]).toMatchObject({ error_code: "FORBIDDEN", token_count: 3, text_length: 12, code: null });
  });

  it("prints of an error only type, message, code, stack and cause", () => {
    const { log, logger } = openLog();
    const error = new Error("submit failed", { cause: new VendorError("authenticate") });
    logger.error({ err: error });
    expect(log.text()).not.toMatch(/c2VjcmV0|hidden-body/);
    expect(log.lines()[0]?.err).toEqual({
      type: "Error",
      message: "submit failed",
      stack: expect.stringContaining("logger.test.ts"),
      cause: { type: "VendorError", message: "authenticate", code: 20003, stack: expect.any(String) },
    });
  });

  it.each([
    ["under another key", (logger: Logger) => logger.error({ reason: new VendorError("x") })],
    ["inside an object", (logger: Logger) => logger.error({ a: { list: [new VendorError("x")] } })],
    ["on its own", (logger: Logger) => logger.error(new VendorError("x"))],
    ["in a child logger", (logger: Logger) => logger.child({ err: new VendorError("x") }).error("y")],
    ["as err that is no error", (logger: Logger) => logger.error({ err: { ...new VendorError("x") } })],
    [
      "as a class instance",
      (logger: Logger) =>
        logger.error({
          client: new (class Client {
            key = "c2VjcmV0";
          })(),
        }),
    ],
  ])("prints no extras of an error %s", (_where, write) => {
    const { log, logger } = openLog();
    write(logger);
    expect(log.lines()).toHaveLength(1);
    expect(log.text()).not.toMatch(/c2VjcmV0|hidden-body/);
  });

  it("ends a circular chain of causes", () => {
    const { log, logger } = openLog();
    const error = new Error("round");
    error.cause = error;
    logger.error({ err: error });
    expect(log.lines()[0]).toMatchObject({ err: { message: "round", cause: { message: "round" } } });
  });

  it("names the collected errors of an aggregate", () => {
    const { log, logger } = openLog();
    logger.error({ err: new AggregateError([new VendorError("first"), "second"], "both") });
    expect(log.lines()[0]?.err).toMatchObject({
      type: "AggregateError",
      errors: [
        { type: "VendorError", message: "first" },
        { type: "string", message: "second" },
      ],
    });
  });

  it("writes a parsable line for any fields", () => {
    const { log, logger } = openLog();
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withMap: true, withDate: true })),
        (fields) => {
          logger.info({ fields });
          return log.lines().at(-1)?.service === "gateway";
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("maskPhoneNumber", () => {
  it.each([
    ["+12025550123", "+1202*****23"],
    ["+441234567", "+4412***67"],
    ["12345678", "******78"],
    ["123", "*23"],
    ["12", "**"],
    ["", ""],
  ])("masks %s as %s", (phoneNumber, masked) => {
    expect(maskPhoneNumber(phoneNumber)).toBe(masked);
  });

  it("keeps the length and hides at least three characters of a full number", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+[1-9]\d{8,14}$/), (phoneNumber) => {
        const masked = maskPhoneNumber(phoneNumber);
        expect(masked).toHaveLength(phoneNumber.length);
        expect(masked.split("*").length - 1).toBeGreaterThanOrEqual(3);
      }),
    );
  });
});
