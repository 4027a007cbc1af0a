import { describe, expect, it } from "vitest";
import { checkRooms } from "./check-rooms.ts";
import { repositoryOf } from "./repository.ts";

function findingsIn(texts: Record<string, string>): readonly string[] {
  return checkRooms(repositoryOf(texts)).findings;
}

function manifest(name: string, fields: Record<string, unknown> = {}): string {
  return JSON.stringify({ name: `@sms-gateway/${name}`, ...fields });
}

describe("checkRooms", () => {
  it("finds nothing where every import stays in its room", () => {
    expect(
      findingsIn({
        "packages/contracts/package.json": manifest("contracts", {
          dependencies: { "@sms-gateway/sms": "workspace:*" },
        }),
        "packages/contracts/src/index.ts":
          'import { countSegments } from "@sms-gateway/sms";\nexport const a = countSegments;',
        "packages/contracts/src/a.test.ts": 'import { waitFor } from "@sms-gateway/testkit";\nwaitFor();',
      }),
    ).toEqual([]);
  });

  it.each([
    ["packages/sms/src/a.ts", 'import { x } from "@sms-gateway/contracts";', "may not import contracts"],
    ["services/gateway/src/a.ts", 'import type { Repositories } from "@sms-gateway/db";', "may not import db"],
    ["services/gateway/src/a.ts", 'import { x } from "@sms-gateway/testkit";', "may not import testkit"],
    ["services/worker/src/a.test.ts", 'import { buildGateway } from "@sms-gateway/gateway";', "may not import gateway"],
    ["services/worker/src/a.ts", 'const x = await import("@sms-gateway/redis/src/lane.ts");', "deep import"],
    [
      "services/worker/src/a.ts",
      'export { x } from "../../../packages/db/src/index.ts";',
      "reaches into packages/db by path",
    ],
    ["services/worker/src/a.ts", 'type Client = import("@prisma/client").PrismaClient;', "only packages/db may import"],
    ["packages/redis/src/a.ts", 'import pg from "pg";', "only packages/db may import pg"],
    ["services/worker/src/a.ts", 'import { connect } from "amqplib";', "only packages/amqp may import"],
    ["services/gateway/src/a.ts", 'import { Redis } from "ioredis";', "only packages/redis may import"],
    [
      "services/worker/src/a.ts",
      'import twilio from "twilio/lib/rest/Twilio.js";',
      "only packages/providers may import twilio",
    ],
    [
      "services/standalone/src/main.ts",
      'import { startWorker } from "@sms-gateway/worker";',
      "only build…, load…Settings and capabilitiesOf of worker",
    ],
    ["packages/mystery/src/a.ts", 'import { x } from "@sms-gateway/sms";', "not in the room table"],
    ["services/worker/src/delivery/a.ts", 'import { x } from "../consumers/b.ts";', "goes back up"],
    ["services/worker/src/routes/a.ts", 'import type { App } from "../app.ts";', "goes back up"],
    ["services/worker/src/app.ts", 'import { x } from "./main.ts";', "starts a process"],
    ["services/worker/src/routes/a.ts", 'import { x } from "../consumers/b.ts";', "from routes to consumers"],
    ["packages/sms/src/a.ts", "export const = 1;", "does not parse"],
  ])("refuses in %s: %s", (path, text, complaint) => {
    const found = findingsIn({ [path]: text });
    expect(found.join("\n")).toContain(complaint);
    expect(found).toHaveLength(1);
  });

  it.each([
    ["services/worker/src/main.ts", 'import { buildApp } from "./app.ts";'],
    ["services/worker/src/routes/a.ts", 'import { x } from "../delivery/b.ts";'],
    ["services/standalone/src/main.ts", 'import { buildWorker } from "@sms-gateway/worker";'],
    ["packages/testkit/src/a.ts", 'import pg from "pg";'],
    ["packages/db/src/a.ts", 'import { PrismaClient } from "@prisma/client";'],
  ])("allows in %s: %s", (path, text) => {
    expect(findingsIn({ [path]: text })).toEqual([]);
  });

  it("refuses versions of its own, dependencies out of the room, and test tools that ship", () => {
    const found = findingsIn({
      "services/gateway/package.json": manifest("gateway", {
        dependencies: { "@sms-gateway/db": "workspace:*", pg: "catalog:", fastify: "^5.0.0" },
        devDependencies: { undici: "catalog:" },
      }),
      "services/gateway/src/a.ts": 'import { request } from "undici";\nrequest("");',
    });
    expect(found).toEqual([
      'services/gateway/package.json fastify is "^5.0.0" and must be "catalog:"',
      "services/gateway/package.json may not depend on @sms-gateway/db",
      "services/gateway/package.json may not depend on pg: only packages/db may",
      "services/gateway/src/a.ts:1 ships with an import of undici, which is only in devDependencies",
    ]);
  });

  it("compares build references with dependencies in both directions", () => {
    const found = findingsIn({
      "packages/sms/package.json": manifest("sms"),
      "packages/redis/package.json": manifest("redis", { dependencies: { "@sms-gateway/sms": "workspace:*" } }),
      "package.json": "{}",
      "tsconfig.json": "{}",
      "packages/redis/tsconfig.json": JSON.stringify({ references: [{ path: "../runtime" }] }),
    });
    expect(found).toEqual([
      "tsconfig.json lacks a reference to packages/redis",
      "packages/redis/tsconfig.json lacks a reference to packages/sms",
      "packages/redis/tsconfig.json references packages/runtime, which it does not build on",
    ]);
  });
});
