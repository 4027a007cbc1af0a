import { expect, test } from "vitest";
import type { FuzzRequest } from "./fuzz-request.ts";
import { judgeExchange, type Rules } from "./judge-exchange.ts";
import { type Answer, readAnswers } from "./read-answers.ts";
import { readOperations } from "./read-operations.ts";
import { SAMPLE_DOCUMENT } from "./sample-document.ts";
import type { Exchange } from "./send-request.ts";

const [SEND] = readOperations(SAMPLE_DOCUMENT);
const RULES: Rules = { secrets: [{ name: "INTERNAL_TOKEN", value: "0123456789abcdef" }], isGateway: true };
const ERROR = {
  error_code: "INVALID_PAYLOAD",
  message: "The request failed validation.",
  details: {},
  timestamp: "2026-01-31T12:00:00.000Z",
};

function request(fields: Partial<FuzzRequest> = {}): FuzzRequest {
  if (SEND === undefined) throw new Error("the sample has no operation");
  const expects = { operation: SEND, also: [] };
  const bytes = Buffer.from("POST / HTTP/1.1\r\n\r\n");
  return { kind: "valid", bytes, methods: ["POST"], target: "/api/v1/sms/send", from: "127.0.0.1", expects, ...fields };
}

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  const all = new Map(Object.entries({ "content-type": "application/json", ...headers }));
  return { status, headers: all, body: Buffer.from(JSON.stringify(body)) };
}

function exchange(fields: Partial<Exchange> = {}): Exchange {
  return { answers: [answer(422, ERROR)], restBytes: 0, end: "answered", tookMs: 5, ...fields };
}

function kindsOf(exchanged: Partial<Exchange>, asked: Partial<FuzzRequest> = {}): string[] {
  return judgeExchange(request(asked), exchange(exchanged), RULES).map(({ kind }) => kind);
}

function kindsOfAnswer(...given: Parameters<typeof answer>): string[] {
  return kindsOf({ answers: [answer(...given)] });
}

const NO_OPERATION = { expects: { also: [] } };

test("a declared answer of its shape is clean", () => {
  expect(kindsOf({})).toEqual([]);
  expect(kindsOfAnswer(202, { tracking_id: "x" })).toEqual([]);
});

test("no answer in time is a hang", () => {
  expect(kindsOf({ answers: [], end: "deadline" })).toEqual(["hang"]);
});

test("a connection that ends without an answer is a fault, unless the request may meet that", () => {
  expect(kindsOf({ answers: [], end: "reset" })).toEqual(["no answer"]);
  const mayBreak = { expects: { also: [], mayBreak: "the body is larger than is taken" } };
  expect(kindsOf({ answers: [], end: "reset" }, mayBreak)).toEqual([]);
});

test("half an answer is no HTTP", () => {
  expect(kindsOf({ answers: [], restBytes: 12, end: "closed" })).toEqual(["no HTTP"]);
});

test("two answers to one request are one too many", () => {
  expect(kindsOf({ answers: [answer(422, ERROR), answer(404, ERROR)] }, NO_OPERATION)).toEqual(["one answer too many"]);
});

test("a 500 is a fault even where it has the contract's shape", () => {
  expect(kindsOfAnswer(500, { ...ERROR, error_code: "INTERNAL_ERROR" })).toEqual(["server error"]);
});

test.each([
  ["with an outcome", { ...ERROR, error_code: "SERVICE_UNAVAILABLE", details: { outcome: "not_accepted" } }, []],
  ["without a provider", { ...ERROR, error_code: "NO_PROVIDER_AVAILABLE" }, []],
  ["without an outcome", { ...ERROR, error_code: "SERVICE_UNAVAILABLE" }, ["unannounced 503"]],
  ["of a proxy", "Service Unavailable", ["unannounced 503"]],
])("a 503 %s is judged by the contract", (_what, body, kinds) => {
  expect(kindsOfAnswer(503, body)).toEqual(kinds);
});

test("a status that the operation does not declare is a fault, unless the request may meet it", () => {
  expect(kindsOfAnswer(409, ERROR)).toEqual(["undeclared status"]);
  expect(kindsOf({ answers: [answer(409, ERROR)] }, NO_OPERATION)).toEqual([]);
});

test("an answer that does not fit its declared schema is a fault", () => {
  expect(kindsOfAnswer(202, { id: "x" })).toEqual(["answer against its schema"]);
});

test.each([
  ["a framework's own", { statusCode: 404, error: "Not Found", message: "x" }],
  ["one without details", { ...ERROR, details: undefined }],
  ["one with an unknown code", { ...ERROR, error_code: "OOPS" }],
  ["one without a time", { ...ERROR, timestamp: "now" }],
])("an error body that is %s is a fault", (_what, body) => {
  expect(kindsOf({ answers: [answer(404, body)] }, NO_OPERATION)).toEqual(["error without its shape"]);
});

test.each([
  ["a secret", "see 0123456789abcdef"],
  ["a stack trace", "Error: x\n    at parse (/app/dist/x.js:1:2)"],
  ["a path", "cannot read /tmp/data/file"],
  ["SQL", "select id from messages"],
  ["a library", "PrismaClient: ECONNREFUSED"],
])("an error that tells %s leaks", (_what, message) => {
  expect(kindsOfAnswer(422, { ...ERROR, message })).toEqual(["leak"]);
});

test("what only comes back from the request is no leak, but a secret always is", () => {
  const bytes = Buffer.from("POST /tmp/data/file HTTP/1.1\r\nX: 0123456789abcdef\r\n\r\n");
  const echo = (message: string) => kindsOf({ answers: [answer(422, { ...ERROR, message })] }, { bytes });
  expect(echo("no such field: /tmp/data/file")).toEqual([]);
  expect(echo("0123456789abcdef")).toEqual(["leak"]);
});

test("405 names the methods", () => {
  const refused = { ...ERROR, error_code: "METHOD_NOT_ALLOWED" };
  expect(kindsOf({ answers: [answer(405, refused)] }, NO_OPERATION)).toEqual(["missing header"]);
  expect(kindsOf({ answers: [answer(405, refused, { allow: "POST" })] }, NO_OPERATION)).toEqual([]);
});

test("management that a gateway answers is a fault", () => {
  const asked = { target: "/api/v1/sms/..%2fadmin/queues", ...NO_OPERATION };
  expect(kindsOf({ answers: [answer(200, {})] }, asked)).toEqual(["management through the gateway"]);
});

test("answers are read from bytes: with a length, in chunks, without a body, and until the end", () => {
  const text = [
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 400 Bad Request\r\n\r\nuntil the end",
  ].join("");
  const { answers, restBytes } = readAnswers(Buffer.from(text), [], true);
  expect(answers.map(({ status, body }) => [status, String(body)])).toEqual([
    [200, "ok"],
    [200, "abc"],
    [204, ""],
    [400, "until the end"],
  ]);
  expect(restBytes).toBe(0);
  expect(readAnswers(Buffer.from(text.slice(0, -1)), [], false).answers).toHaveLength(3);
});

test("what follows a request may be refused as none, and never be answered", () => {
  const unread = answer(400, ERROR);
  expect(kindsOf({ answers: [answer(422, ERROR), unread] }, NO_OPERATION)).toEqual([]);
});

test("who could not read a request for HEAD answers with a body all the same", () => {
  const bytes = Buffer.from("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
  expect(readAnswers(bytes, ["HEAD"], true)).toMatchObject({ restBytes: 0, answers: [{ status: 400 }] });
});
