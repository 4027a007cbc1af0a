import { BOOTSTRAP_CLIENT_ID } from "@sms-gateway/contracts";
import { type AttemptRecord, findMessage, openDatabase } from "@sms-gateway/db";
import { createTestDatabase, describeWith, waitFor } from "@sms-gateway/testkit";
import { expect, it } from "vitest";
import { newNumber, openWorld } from "./worker-world.ts";

describeWith("postgres", "a worker that stops", (adminUrl) => {
  describeWith("rabbitmq", "with a queue", (rabbitmqUrl) => {
    describeWith("redis", "and a directory", (redisUrl) => {
      it("lets every open call end and writes its result: no attempt stays open", async () => {
        const database = await createTestDatabase(adminUrl);
        const world = await openWorld({ databaseUrl: database.url, rabbitmqUrl, redisUrl });
        const ids = await world.accept({}, ...Array.from({ length: 300 }, newNumber));
        const isAttempted = () => world.log.some((line) => line.event === "delivery.attempted");
        await waitFor(isAttempted, { what: "the first submit", intervalMs: 1 });
        await world.stop();

        const db = openDatabase({ url: database.url, poolMax: 2 });
        const attempts: AttemptRecord[] = [];
        for (const id of ids) attempts.push(...((await findMessage(db, BOOTSTRAP_CLIENT_ID, id))?.attempts ?? []));
        expect(attempts.length).toBeGreaterThan(0);
        expect(attempts.filter(({ outcome }) => outcome === null)).toEqual([]);
        expect(world.log.filter((line) => line.event === "dispatch.not_drained")).toEqual([]);
        await db.close();
        await database.drop();
      });

      it("stops while it still waits for its database", async () => {
        const databaseUrl = "postgresql://nobody@127.0.0.1:1/none";
        const world = await openWorld({ databaseUrl, rabbitmqUrl, redisUrl }, {}, { start: false });
        await waitFor(() => world.log.some((line) => line.event === "database.waiting"), { what: "it to wait" });
        await world.stop();
        expect(world.log.filter((line) => line.level === "error")).toEqual([]);
      });

      it("does only what its roles say", async () => {
        const database = await createTestDatabase(adminUrl);
        const world = await openWorld(
          { databaseUrl: database.url, rabbitmqUrl, redisUrl },
          { WORKER_ROLES: "callbacks" },
        );
        expect((await world.call("GET", "/api/v1/sms")).status).toBe(404);
        expect((await world.worker.app.inject({ method: "POST", url: "/webhooks/twilio/status" })).statusCode).toBe(
          403,
        );
        await world.acceptOne(newNumber());
        const waitsInQueue = async () => Object.values((await world.queue.depths()) ?? {}).includes(1);
        await waitFor(waitsInQueue, { what: "the message to stay queued" });
        await world.stop();
        await database.drop();
      });
    });
  });
});
