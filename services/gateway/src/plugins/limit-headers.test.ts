import Fastify from "fastify";
import { expect, test } from "vitest";
import { setLimitHeaders } from "./limit-headers.ts";

async function headersFor(limits: Parameters<typeof setLimitHeaders>[1]) {
  const app = Fastify();
  app.get("/", async (_request, reply) => {
    setLimitHeaders(reply, limits);
    return "";
  });
  const { headers } = await app.inject("/");
  return [headers["ratelimit-policy"], headers.ratelimit];
}

test("every limit has its policy and its state", async () => {
  const limits = [
    { name: "per_second", limit: 10, remaining: 9, resetS: 1 },
    { name: "daily_quota", limit: 10_000, remaining: 0, resetS: 3_600 },
  ] as const;
  expect(await headersFor(limits)).toEqual([
    '"per_second";q=10;w=1, "daily_quota";q=10000;w=86400',
    '"per_second";r=9;t=1, "daily_quota";r=0;t=3600',
  ]);
});

test("without limits there are no such headers", async () => {
  expect(await headersFor([])).toEqual([undefined, undefined]);
});
