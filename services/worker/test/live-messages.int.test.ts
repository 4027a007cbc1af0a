import { BOOTSTRAP_CLIENT_ID, KEY_SCOPES } from "@sms-gateway/contracts";
import { createApiKey, recordAccepted } from "@sms-gateway/db";
import { hashApiKey } from "@sms-gateway/http";
import { createTestDatabase, describeWith } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { planRecord } from "../src/messages/plan-record.ts";
import { makeEnvelope, newNumber, openWorld, type WorkerWorld } from "./worker-world.ts";

const LIVE_KEY = "sk_live_of_these_tests";

describeWith("postgres", "real messages", (adminUrl) => {
  describeWith("rabbitmq", "with a queue", (rabbitmqUrl) => {
    describeWith("redis", "and a directory", (redisUrl) => {
      let world: WorkerWorld;
      let drop = async (): Promise<void> => undefined;
      const ids = { real: "", simulated: "" };

      beforeAll(async () => {
        const database = await createTestDatabase(adminUrl);
        drop = database.drop;
        // Records and claims nothing: what is recorded here stays as it is.
        world = await openWorld({ databaseUrl: database.url, rabbitmqUrl, redisUrl }, { WORKER_ROLES: "api" });
        ids.real = await record(false);
        ids.simulated = await record(true);
        await createApiKey(world.db, {
          clientId: BOOTSTRAP_CLIENT_ID,
          kind: "live",
          scopes: KEY_SCOPES,
          hash: hashApiKey(LIVE_KEY),
          prefix: LIVE_KEY.slice(0, 12),
        });
      });
      afterAll(async () => {
        await world.stop();
        await drop();
      });

      async function record(simulated: boolean): Promise<string> {
        const planning = { providers: [], defaultProvider: undefined, passesCircuit: () => true };
        const context = { ...planning, client: undefined, now: new Date() };
        const rows = planRecord(makeEnvelope(world.settings.ID_SECRET, { simulated }, [newNumber()]), context);
        await recordAccepted(world.db, rows);
        return rows[0]?.id ?? "";
      }

      async function list(key?: string): Promise<string[]> {
        const { items } = (await world.call("GET", "/api/v1/sms", key)).body;
        return Array.isArray(items) ? items.map(({ id }) => String(id)) : [];
      }

      it("are out of reach of a test key, of which one is published", async () => {
        expect(await list()).toEqual([ids.simulated]);
        expect(await world.call("GET", `/api/v1/sms/${ids.real}`)).toMatchObject({
          status: 404,
          body: { error_code: "NOT_FOUND" },
        });
        expect((await world.call("POST", `/api/v1/sms/${ids.real}/cancel`)).status).toBe(404);
        expect((await world.call("GET", `/api/v1/sms/${ids.simulated}`)).status).toBe(200);
      });

      it("are there for a live key, together with the simulated ones", async () => {
        expect((await list(LIVE_KEY)).sort()).toEqual([ids.real, ids.simulated].sort());
        expect((await world.call("GET", `/api/v1/sms/${ids.real}`, LIVE_KEY)).body).toMatchObject({ status: "queued" });
        expect((await world.call("POST", `/api/v1/sms/${ids.real}/cancel`, LIVE_KEY)).body).toMatchObject({
          status: "canceled",
        });
      });
    });
  });
});
