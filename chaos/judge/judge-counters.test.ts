import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { COUNTED_QUOTA } from "../world/make-keys.ts";
import { countQuota } from "./judge-counters.ts";

const KEYS = { unlimited: "u", counted: "c", probe: "p", admin: "a" };

/** A gateway that gives these answers, the last one again and again; undefined: a replay, which tells nothing. */
async function countWith(answers: readonly (number | undefined | "503")[]) {
  const keys: string[] = [];
  const server = createServer((request, response) => {
    keys.push(String(request.headers["idempotency-key"]));
    const answer = answers[Math.min(keys.length, answers.length) - 1];
    if (typeof answer === "number")
      response.setHeader("ratelimit", `"per_hour";r=9;t=1, "daily_quota";r=${answer};t=5`);
    response.writeHead(answer === "503" ? 503 : 202).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
  const world = { gatewayUrls: [`http://127.0.0.1:${address.port}`], keys: KEYS };
  return { keys, count: await countQuota(world, [], Date.now()) };
}

test("counts what is used from what is left, less the message that asked", async () => {
  expect((await countWith([COUNTED_QUOTA - 8])).count).toEqual({ used: 7, atLeast: 0, atMost: 0 });
});

test("asks again with the same key when it is refused for a moment", async () => {
  const { keys, count } = await countWith(["503", COUNTED_QUOTA - 8]);
  expect(count?.used).toBe(7);
  expect(new Set(keys).size).toBe(1);
});

test("asks with another key when the first had been taken without an answer, and counts both", async () => {
  const { keys, count } = await countWith(["503", undefined, COUNTED_QUOTA - 9]);
  expect(count?.used).toBe(7);
  expect(keys[0]).toBe(keys[1]);
  expect(keys[2]).not.toBe(keys[0]);
});
