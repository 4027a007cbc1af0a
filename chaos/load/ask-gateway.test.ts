import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { openLine, type TryResult } from "./ask-gateway.ts";

const closers: (() => void)[] = [];

async function askOneThat(answers: (response: ServerResponse) => void): Promise<TryResult> {
  const server = createServer((_request, response) => answers(response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const line = openLine(1);
  closers.push(() => {
    line.close();
    server.closeAllConnections();
    server.close();
  });
  return line.ask({ url: `http://127.0.0.1:${address.port}`, apiKey: "k", idempotencyKey: undefined, body: "{}" });
}

const json = (status: number, body: object, headers: Record<string, string> = {}) =>
  askOneThat((response) => response.writeHead(status, headers).end(JSON.stringify(body)));

describe("what a client learns from an answer", () => {
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  test("202 with ids is a promise", async () => {
    expect(await json(202, { message_ids: ["a", "b"] })).toEqual({ kind: "accepted", ids: ["a", "b"] });
  });

  test("202 without ids is none that the contract knows", async () => {
    expect(await json(202, { message_ids: [] })).toMatchObject({ kind: "broken" });
  });

  test("a 4xx is a refusal, and 429 may be tried again when it says", async () => {
    expect(await json(400, { error_code: "VALIDATION_ERROR" })).toMatchObject({ kind: "refused", again: false });
    expect(await json(429, { error_code: "RATE_LIMITED" }, { "retry-after": "3" })).toMatchObject({
      kind: "refused",
      again: true,
      waitMs: 3_000,
    });
  });

  test("409 while an earlier one is worked on is no refusal", async () => {
    expect(await json(409, { error_code: "IDEMPOTENCY_IN_PROGRESS" })).toMatchObject({ kind: "in_progress" });
    expect(await json(409, { error_code: "IDEMPOTENCY_MISMATCH" })).toMatchObject({ kind: "refused" });
  });

  test("503 says whether anything was taken", async () => {
    const body = { error_code: "SERVICE_UNAVAILABLE", tracking_id: "x" };
    expect(await json(503, { ...body, details: { outcome: "not_accepted" } })).toMatchObject({ kind: "refused" });
    expect(await json(503, { ...body, details: { outcome: "unknown" } })).toMatchObject({
      kind: "unknown",
      firstId: "x",
    });
    expect(await json(503, body)).toMatchObject({ kind: "broken" });
  });

  test("any other 5xx is broken, and so is what is no JSON", async () => {
    expect(await json(500, { error_code: "INTERNAL_ERROR" })).toMatchObject({ kind: "broken" });
    expect(await askOneThat((response) => response.end("<html>"))).toMatchObject({ kind: "broken" });
  });

  test("an answer that breaks off leaves it open", async () => {
    const result = await askOneThat((response) => {
      response.writeHead(202, { "content-length": "100" });
      response.write("{", () => response.destroy());
    });
    expect(result).toMatchObject({ kind: "unknown", firstId: undefined });
  });

  test("nobody listens: nothing was taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    server.close();
    await once(server, "close");
    const line = openLine(1);
    closers.push(() => line.close());
    const url = `http://127.0.0.1:${address.port}`;
    expect(await line.ask({ url, apiKey: "k", idempotencyKey: undefined, body: "{}" })).toMatchObject({
      kind: "refused",
      again: true,
    });
  });
});
