import { expect, test } from "vitest";
import { errorResponses } from "./index.ts";

test("codes of one status share an answer that names each", () => {
  const responses = errorResponses("PROVIDER_DISABLED", "NOT_FOUND", "IDEMPOTENCY_IN_PROGRESS");
  expect(Object.keys(responses)).toEqual(["404", "409"]);
  expect(responses[409]?.description).toMatch(/`PROVIDER_DISABLED`: .+\n`IDEMPOTENCY_IN_PROGRESS`: /);
  expect(responses[404]?.content["application/json"].schema).toEqual({ $ref: "ErrorBody#" });
});

test("400 is a body that cannot be read, and a status alone names all of its codes", () => {
  const responses = errorResponses(400, 403);
  expect(responses[400]?.description).toMatch(/^`INVALID_PAYLOAD`: /);
  expect(responses[403]?.description).toMatch(/`FORBIDDEN`.*`SENDER_NOT_ALLOWED`.*`COUNTRY_NOT_ALLOWED`/s);
});
