import { SendRequest } from "@sms-gateway/contracts";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { describeValidation, errorHandler, httpServerOptions, jsonBody } from "./index.ts";

/** The problems that a body of `sms/send` has by its schema. */
async function problemsOf(body: unknown): Promise<unknown> {
  const app = Fastify(httpServerOptions({ trustedProxyHops: 0 }));
  await app.register(errorHandler);
  await app.register(jsonBody);
  app.addSchema(SendRequest);
  app.post("/", { schema: { body: { $ref: "SendRequest#" } } }, async () => ({ ok: true }));
  const response = await app.inject({
    method: "POST",
    url: "/",
    payload: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  return response.statusCode === 200 ? [] : response.json().details.errors;
}

test.each<[string, unknown, [string, string][]]>([
  ["a missing field", {}, [["/to", "is required"]]],
  ["a list", [], [["/", "must be object"]]],
  ["a number of the wrong type", { to: 5 }, [["/to", "must be string, or must be object, or must be array"]]],
  ["an empty recipient", { to: "" }, [["/to", "must not be empty"]]],
  ["an empty list", { to: [] }, [["/to", "must not be empty"]]],
  ["a recipient without its number", { to: [{ name: "Ana" }] }, [["/to/0/number", "is required"]]],
  [
    "a field deep in a recipient",
    { to: ["+12025550123", { number: "+12025550124", name: 5 }] },
    [["/to/1/name", "must be string"]],
  ],
  ["a list item of the wrong type", { to: [5] }, [["/to/0", "must be string, or must be object"]]],
  [
    "a variable that is an object",
    { to: [{ number: "1", variables: { a: {} } }] },
    [["/to/0/variables/a", "must be string, or must be number, or must be boolean"]],
  ],
  ["a choice", { to: "1", message_type: "mms" }, [["/message_type", "must be one of text, unicode, flash, binary"]]],
  ["a bound", { to: "1", priority: 9 }, [["/priority", "must be at most 5"]]],
  ["a broken number", { to: "1", priority: 1.5 }, [["/priority", "must be integer"]]],
  ["a text that is a number", { to: "1", message: 5 }, [["/message", "must be string"]]],
  ["too long a value", { to: "1", custom_id: "x".repeat(256) }, [["/custom_id", "must have at most 255 characters"]]],
  ["too many items", { to: "1", providers: Array(17).fill("twilio") }, [["/providers", "must have at most 16 items"]]],
  [
    "several fields",
    { to: 5, message: 5, metadata: [] },
    [
      ["/to", "must be string, or must be object, or must be array"],
      ["/message", "must be string"],
      ["/metadata", "must be object"],
    ],
  ],
])("%s is one problem per place", async (_what, body, problems) => {
  expect(await problemsOf(body)).toEqual(problems.map(([path, message]) => ({ path, message })));
});

test.each([
  "message",
  "text",
  "template_id",
  "from_number",
  "priority",
  "metadata",
  "provider",
  "providers",
  "callback_url",
])("null means that %s was not given", async (field) => {
  expect(await problemsOf({ to: "1", [field]: null })).toEqual([]);
});

test("at most a hundred problems are listed", async () => {
  expect(await problemsOf({ to: Array(900).fill(5) })).toHaveLength(100);
});

test("problems of other parts of a request are named by the part", () => {
  const error = { instancePath: "/limit", keyword: "maximum", params: { limit: 500 }, message: "must be <= 500" };
  expect(describeValidation([error], "querystring")).toEqual([{ path: "query:limit", message: "must be at most 500" }]);
  expect(describeValidation([error], "headers")).toEqual([{ path: "header:limit", message: "must be at most 500" }]);
});

test("bodies made to be hard to validate are answered soon", async () => {
  const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
  const named = (count: number, item: unknown) =>
    Object.fromEntries(many(count, item).map((value, index) => [`k${index}`, value]));
  const startedAt = performance.now();
  const lists = [
    many(24_000, 5),
    many(6_000, { number: 5, name: 5 }),
    many(800, { number: "1", variables: named(28, []) }),
  ];
  for (const to of lists) expect(await problemsOf({ to })).toHaveLength(100);
  expect(await problemsOf({ to: "1", template_variables: named(24_000, []) })).toHaveLength(100);
  expect(await problemsOf({ to: many(500_000, 5) })).toHaveLength(1);
  // A tenth of that is usual; what this must tell is the square of the number of values.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
