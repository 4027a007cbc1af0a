import { type AcceptedEnvelope, BOOTSTRAP_CLIENT_ID } from "@sms-gateway/contracts";
import { claimDue, recordAccepted } from "@sms-gateway/db";
import { createTestDatabase, describeWith } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { planRecord } from "../src/messages/plan-record.ts";
import { signReport } from "./sign-report.ts";
import { makeEnvelope, newNumber, openWorld, type WorkerWorld } from "./worker-world.ts";

describeWith("postgres", "an attempt whose worker has died", (adminUrl) => {
  describeWith("rabbitmq", "with a queue", (rabbitmqUrl) => {
    describeWith("redis", "and a directory", (redisUrl) => {
      let world: WorkerWorld;
      let drop = async (): Promise<void> => undefined;
      const ids: Record<"reported" | "silent" | "leased", string> = { reported: "", silent: "", leased: "" };

      beforeAll(async () => {
        const database = await createTestDatabase(adminUrl);
        drop = database.drop;
        const servers = { databaseUrl: database.url, rabbitmqUrl, redisUrl };
        // Prepares the database and claims nothing: what is claimed below is the dead worker's.
        const idle = await openWorld(servers, { WORKER_ROLES: "api" });
        ids.reported = await abandonAttempt(idle, 100);
        ids.silent = await abandonAttempt(idle, 100, { expire_at: new Date(Date.now() + 2_000).toISOString() });
        ids.leased = await abandonAttempt(idle, 600_000, { expire_at: new Date(Date.now() + 2_000).toISOString() });
        await idle.stop();
        world = await openWorld(servers);
      });
      afterAll(async () => {
        await world.stop();
        await drop();
      });

      /** Records a message, opens its attempt with that lease, and never submits it. */
      async function abandonAttempt(idle: WorkerWorld, leaseMs: number, changes: Partial<AcceptedEnvelope> = {}) {
        const [row] = planRecord(makeEnvelope(idle.settings.ID_SECRET, changes, [newNumber()]), {
          providers: [],
          client: undefined,
          defaultProvider: undefined,
          passesCircuit: () => true,
          now: new Date(),
        });
        if (row === undefined) throw new Error("nothing was planned");
        await recordAccepted(idle.db, [{ ...row, plannedProvider: "twilio" }]);
        const claim = { lane: row.lane, provider: "twilio", slots: 1, leaseMs, afterClientId: null };
        const { messages } = await claimDue(idle.db, claim);
        expect(messages).toMatchObject([{ id: row.id, clientId: BOOTSTRAP_CLIENT_ID }]);
        return row.id;
      }

      it("becomes unknown when its lease is over, is not sent again, and is settled by its report", async () => {
        const message = await world.until(ids.reported, "sending");
        await expect
          .poll(async () => (await world.read(ids.reported)).attempts, { timeout: 10_000 })
          .toMatchObject([{ outcome: "unknown" }]);
        expect((await world.call("POST", `/api/v1/sms/${ids.reported}/cancel`)).status).toBe(409);
        expect(await world.readInbox(message.to)).toEqual([]);

        const report = signReport(world, ids.reported, "delivered");
        expect((await world.worker.app.inject({ method: "POST", ...report })).statusCode).toBe(204);
        expect((await world.until(ids.reported, "delivered")).attempts).toHaveLength(1);
      });

      it("makes its message unknown at the deadline, never failed, and a late report still corrects that", async () => {
        const message = await world.until(ids.silent, "unknown");
        expect(message.error?.code).toBe("OUTCOME_UNKNOWN");
        await world.worker.app.inject({ method: "POST", ...signReport(world, ids.silent, "delivered") });
        await world.until(ids.silent, "delivered");
      });

      it("keeps its message sending beyond the deadline while the lease lasts", async () => {
        await world.until(ids.silent, "delivered");
        const message = await world.read(ids.leased);
        expect(Date.parse(message.expire_at ?? "")).toBeLessThan(Date.now());
        expect(message).toMatchObject({ status: "sending", attempts: [{ outcome: null }] });
      });
    });
  });
});
