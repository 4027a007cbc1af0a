import Fastify, { type FastifyInstance } from "fastify";
import { beforeAll, describe, expect, test } from "vitest";
import { errorHandler, httpServerOptions, jsonBody } from "./index.ts";

let app: FastifyInstance;

beforeAll(async () => {
  app = Fastify(httpServerOptions({ trustedProxyHops: 0 }));
  await app.register(errorHandler);
  await app.register(jsonBody);
  app.post("/echo", { schema: { body: {} } }, async (request) => ({ body: request.body, bytes: request.bodyBytes }));
  app.post("/bodiless", async (request) => ({ isMissing: request.body === undefined }));
});

function post(
  payload: string | Buffer,
  headers: Record<string, string> = { "content-type": "application/json" },
  url = "/echo",
) {
  return app.inject({ method: "POST", url, payload, headers });
}

async function refusal(payload: string | Buffer) {
  const response = await post(payload);
  const { error_code, message, details } = response.json();
  expect(error_code).toBe("INVALID_PAYLOAD");
  return { status: response.statusCode, message, errors: details.errors };
}

test("a body arrives as sent, with its size", async () => {
  const body = { text: "Grüße 👍", list: [1, null, true], nested: { constructor: "Acme", toString: "x" } };
  const payload = JSON.stringify(body);
  const { body: read, bytes } = (await post(payload)).json();
  expect(JSON.stringify(read)).toBe(payload);
  expect(bytes).toBe(Buffer.byteLength(payload));
});

test("a byte order mark is not part of the body", async () => {
  expect((await post("\ufeff{}")).json().body).toEqual({});
});

describe("400 is for what cannot be read", () => {
  test.each<[string, string | Buffer]>([
    ["text", "hello"],
    ["half an object", '{"a":'],
    ["two objects", "{}{}"],
    ["bytes that are not UTF-8", Buffer.from([0x22, 0xc3, 0x28, 0x22])],
    ["half a surrogate in UTF-8", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ["a raw control character", '{"a":"\u0000"}'],
  ])("%s", async (_what, payload) => {
    expect(await refusal(payload)).toMatchObject({ status: 400 });
  });

  test.each<[string, Record<string, string>]>([
    ["with a content type", { "content-type": "application/json" }],
    ["without one", {}],
  ])("no body %s, where the route asks for one", async (_what, headers) => {
    const response = await post("", headers);
    expect(response.statusCode).toBe(400);
    expect(response.json().message).toBe("The body is missing: send JSON.");
  });
});

test("a route that asks for no body takes none", async () => {
  expect((await post("", {}, "/bodiless")).json()).toEqual({ isMissing: true });
  expect((await post("", { "content-type": "application/json" }, "/bodiless")).json()).toEqual({ isMissing: true });
});

describe("422 is for JSON that could do harm", () => {
  test.each<[string, string, string]>([
    ["U+0000", '{"a":"x\\u0000"}', "/a"],
    ["U+0000 in a name", '{"a":{"\\u0000":1}}', "/a"],
    ["half a surrogate pair", '{"a":["\\ud83d"]}', "/a/0"],
    ["half a surrogate pair in a name", '{"\\udc00":1}', "/"],
    ["__proto__", '{"metadata":{"__proto__":{"admin":true}}}', "/metadata"],
    ["__proto__ in disguise", '{"\\u005f_proto__":1}', "/"],
    ["constructor with a prototype", '{"a":{"constructor":{"prototype":{}}}}', "/a"],
    ["nesting without end", `${"[".repeat(5_000)}${"]".repeat(5_000)}`, `/${Array(32).fill("0").join("/")}`],
    ["values without end", `[${Array(25_001).fill("1").join(",")}]`, "/"],
  ])("%s", async (_what, payload, path) => {
    expect(await refusal(payload)).toMatchObject({ status: 422, errors: [{ path }] });
  });

  test("whole surrogate pairs and other escapes are none", async () => {
    expect((await post('{"a":"\\ud83d\\udc4d\\n\\u0001"}')).json().body).toEqual({ a: "👍\n\u0001" });
  });

  test("a problem does not repeat what was found", async () => {
    const { message, errors } = await refusal('{"secret\\u0000name":"secret\\u0000text"}');
    expect(JSON.stringify([message, errors])).not.toContain("secret");
  });
});

test.each([
  "text/plain",
  "application/x-www-form-urlencoded",
  "application/xml",
  "multipart/form-data; boundary=x",
  "nonsense",
])("415 is for %s", async (type) => {
  const response = await post("{}", { "content-type": type });
  expect(response.statusCode).toBe(415);
  expect(response.json().error_code).toBe("UNSUPPORTED_MEDIA_TYPE");
});

test("415 is for a body of no type", async () => {
  expect((await post("{}", {})).statusCode).toBe(415);
});

test("413 is for more than a megabyte", async () => {
  const response = await post(`"${"x".repeat(1024 * 1024)}"`);
  expect(response.statusCode).toBe(413);
  expect(response.json().error_code).toBe("PAYLOAD_TOO_LARGE");
});
