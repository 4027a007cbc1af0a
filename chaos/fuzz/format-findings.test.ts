import { expect, test } from "vitest";
import type { RouteCount } from "./findings.ts";
import { countRoute } from "./findings.ts";
import { formatRoutes, listFindings } from "./format-findings.ts";
import type { FuzzRequest } from "./fuzz-request.ts";
import type { Fault } from "./judge-exchange.ts";

const REQUEST: FuzzRequest = {
  kind: "valid",
  bytes: Buffer.alloc(0),
  methods: ["GET"],
  target: "/",
  from: "127.0.0.1",
  expects: { also: [] },
};

function add(count: RouteCount, status: number, ...faults: Fault[]): void {
  const answers = status === 0 ? [] : [{ status, headers: new Map(), body: Buffer.alloc(0) }];
  const exchange = { answers, restBytes: 0, end: "answered", tookMs: status } as const;
  count.add({ request: REQUEST, exchange, faults, replay: `--only ${status}` });
}

test("answers are counted by class, and the slowest is told", () => {
  const count = countRoute("gateway GET /");
  for (const status of [200, 202, 404, 503, 500, 0]) add(count, status);
  const { byClass, slowestMs, requests } = count.result();
  expect([byClass, slowestMs, requests]).toEqual([{ "2xx": 2, "4xx": 1, "503": 1, "5xx": 1, none: 1 }, 503, 6]);
  expect(formatRoutes([count.result()]).split("\n")).toHaveLength(3);
});

test("faults that are alike are one finding, on whichever routes", () => {
  const fault = (detail: string): Fault => ({ kind: "hang", detail });
  const [one, other] = [countRoute("a"), countRoute("b")];
  add(one, 400, fault("after 20 s"));
  add(one, 401, fault("after 21 s"));
  add(other, 402, fault("after 22 s"), { kind: "server error", detail: "500" });
  const routes = [one.result(), other.result()];
  const found = listFindings({ shape: "docker", seed: 7, routes, health: {}, problems: ["it grows"] });
  expect(found).toHaveLength(3);
  expect(found[0]).toBe("it grows");
  expect(found[1]).toContain("hang, 3 times: after 20 s");
  expect(found[1]).toContain("--shape docker --seed 7 --only 400");
  expect(found[1]).toContain("on a, b");
});
