import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { BOOTSTRAP_CLIENT_ID } from "@sms-gateway/contracts";
import { accountGroups } from "@sms-gateway/db";
import { createRedisConnection, createRedisDirectory, type RedisConnection } from "@sms-gateway/redis";
import {
  BUSY_MACHINE_MS,
  createTestDatabase,
  describeWith,
  inheritedEnvironment,
  testKeyPrefix,
  waitFor,
} from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseAdminCommand } from "../src/admin/parse-admin-command.ts";
import { runAdminCommand } from "../src/admin/run-admin-command.ts";
import { newNumber, openWorld, type WorkerWorld } from "./worker-world.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** architecture.md 5.9: a change is known within two seconds. */
const KNOWN_WITHIN_MS = 2_000 + BUSY_MACHINE_MS;

describeWith("postgres", "make admin", (adminUrl) => {
  describeWith("rabbitmq", "with a queue", (rabbitmqUrl) => {
    describeWith("redis", "and a directory", (redisUrl) => {
      const redisKeyPrefix = testKeyPrefix();
      let databaseUrl = "";
      let world: WorkerWorld;
      let gatewaySide: RedisConnection;
      let drop = async (): Promise<void> => undefined;
      beforeAll(async () => {
        const database = await createTestDatabase(adminUrl);
        drop = database.drop;
        databaseUrl = database.url;
        world = await openWorld({ databaseUrl, rabbitmqUrl, redisUrl, redisKeyPrefix });
        gatewaySide = createRedisConnection({ url: redisUrl, keyPrefix: redisKeyPrefix });
      });
      afterAll(async () => {
        await gatewaySide.close();
        await world.stop();
        await drop();
      });

      const admin = (...words: string[]) => runAdminCommand(world.db, parseAdminCommand(words));

      /** Runs the program itself, as the make target does. */
      function runProgram(
        words: readonly string[],
        url = databaseUrl,
      ): Promise<{ code: unknown; out: string; err: string }> {
        const args = ["--import", "tsx", "--conditions=@sms-gateway/source", "services/worker/src/admin.ts", ...words];
        const options = { cwd: ROOT, env: { ...inheritedEnvironment(), DATABASE_URL: url }, timeout: 20_000 };
        return new Promise((done) => {
          execFile(process.execPath, args, options, (error, out, err) => done({ code: error?.code ?? 0, out, err }));
        });
      }

      it("writes lost groups off, and says where nothing is lost", async () => {
        const stamp = { bootId: "boot-1", sequence: 5, messages: { "2026-11-21": 1 }, settled: 4, voided: [] };
        await accountGroups(world.db, "high", [{ stamp, days: new Map() }]);
        expect(await admin("accounting", "close", "boot-1", "high", "2", "3")).toBe("Written off: 2 groups (2-3).");
        expect(await admin("accounting", "close", "boot-1", "high", "1", "9")).toBe("Written off: 2 groups (1, 4).");
        await expect(admin("accounting", "close", "boot-1", "high", "1", "9")).rejects.toThrow("Nothing is missing");
      });

      it("lets gateways know of a disabled provider within two seconds", async () => {
        const directory = createRedisDirectory(gatewaySide);
        const isEnabled = async () => {
          await directory.refresh();
          return directory.providers().find(({ name }) => name === "plivo")?.enabled;
        };
        await waitFor(async () => (await isEnabled()) === true, { what: "the directory to be published" });
        expect(await admin("provider", "disable", "Plivo")).toBe("Provider plivo is disabled.");
        await waitFor(async () => (await isEnabled()) === false, {
          what: "the gateway's directory",
          timeoutMs: KNOWN_WITHIN_MS,
        });
        expect(await admin("provider", "disable", "plivo")).toContain("nothing had to change");
        expect(await admin("provider", "list")).toMatch(/^plivo +disabled/m);
        await admin("provider", "enable", "plivo");
        const limits = ["provider", "limits", "plivo", "--max-in-flight", "5", "--per-second", "20"];
        expect(await admin(...limits)).toBe("Provider plivo has these limits.");
        expect(await admin("provider", "list")).toMatch(/^plivo +enabled +- +\d+ +\d\/5 +20 +closed +lab/m);
        await admin("provider", "limits", "plivo", "--max-in-flight", "64", "--per-second", "unlimited");
        await directory.close();
      });

      it("moves what waits for a provider to the next one when that is paused", async () => {
        const dueSoon = new Date(Date.now() + 2_000).toISOString();
        const id = await world.acceptOne(newNumber(), { schedule_at: dueSoon, providers: ["clickatell", "nexmo"] });
        await world.until(id, "scheduled");
        await admin("provider", "pause", "clickatell");
        expect((await world.until(id, "delivered", 20_000)).attempts).toMatchObject([{ provider: "nexmo" }]);
        await admin("provider", "resume", "clickatell");
      });

      it("makes clients and keys that work at once, and takes them away", async () => {
        const clientId = UUID.exec(await admin("client", "create", "Shop"))?.[0] ?? "";
        await expect(admin("client", "create", "Shop")).rejects.toThrow('There is a client called "Shop" already.');
        const printed = await admin("key", "create", clientId, "--scopes", "read");
        const key = /sk_test_\S+/.exec(printed)?.[0] ?? "";
        const keyId = UUID.exec(printed)?.[0] ?? "";
        expect((await world.call("GET", "/api/v1/sms", key)).status).toBe(200);
        expect(await admin("key", "list", clientId)).not.toContain(key);

        await admin("client", "deactivate", clientId);
        const isRefused = async () => (await world.call("GET", "/api/v1/sms", key)).status === 401;
        await waitFor(isRefused, { what: "the worker to know", timeoutMs: KNOWN_WITHIN_MS });
        await admin("client", "activate", clientId);
        await waitFor(async () => !(await isRefused()), { what: "the worker to know", timeoutMs: KNOWN_WITHIN_MS });
        expect(await admin("key", "revoke", keyId)).toBe(`Key ${keyId} is revoked.`);
        await waitFor(isRefused, { what: "the worker to know", timeoutMs: KNOWN_WITHIN_MS });
      });

      it("rejects what a client had accepted before it was deactivated", async () => {
        await admin("client", "deactivate", BOOTSTRAP_CLIENT_ID);
        await waitFor(async () => (await world.call("GET", "/api/v1/sms")).status === 401, {
          what: "the worker to know",
        });
        const id = await world.acceptOne(newNumber());
        await waitFor(() => world.queue.depths().then((depths) => depths !== undefined), { what: "the queue" });
        await admin("client", "activate", BOOTSTRAP_CLIENT_ID);
        expect(await world.until(id, "rejected")).toMatchObject({ attempts: [], error: { code: "CLIENT_INACTIVE" } });
      });

      it("prints a key once and exits with 0", async () => {
        const { code, out } = await runProgram(["key", "create", BOOTSTRAP_CLIENT_ID, "--kind", "live"]);
        expect(code).toBe(0);
        expect(out).toMatch(/sk_live_\S{32}/);
      });

      it("exits with 64 and the usage when the words are wrong, with 1 when there is no such thing", async () => {
        const wrong = await runProgram(["provider", "explode"]);
        expect(wrong.code).toBe(64);
        expect(wrong.err).toContain('There is no command "provider explode".');
        expect(wrong.err).toContain("Usage: make admin");
        const missing = await runProgram(["client", "activate", "019aa000-0000-7000-8000-000000000001"]);
        expect(missing).toMatchObject({ code: 1, err: expect.stringContaining("does not exist") });
      });

      it("exits with 69 when the database does not answer", async () => {
        const { code, err } = await runProgram(["provider", "list"], "postgresql://nobody@127.0.0.1:1/none");
        expect(code).toBe(69);
        expect(err).toContain("DATABASE_URL");
      });
    });
  });
});
