import type { PostgresServer } from "@sms-gateway/testkit";
import { describeWith, describeWithOwn, waitFor } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newNumber, openWorld, type WorkerWorld } from "./worker-world.ts";

describeWith("rabbitmq", "a worker whose database goes away", (rabbitmqUrl) => {
  describeWith("redis", "and comes back", (redisUrl) => {
    describeWithOwn("postgres", "with a Postgres of its own", (start) => {
      let postgres: PostgresServer;
      let world: WorkerWorld;
      beforeAll(async () => {
        postgres = await start();
        await postgres.stop();
        world = await openWorld({ databaseUrl: postgres.url, rabbitmqUrl, redisUrl }, {}, { start: false });
      });
      afterAll(() => world.stop());

      const isReady = async () => (await world.call("GET", "/readyz")).status === 200;

      it("waits at start: alive, not ready, and what is accepted meanwhile is delivered afterwards", async () => {
        const id = await world.acceptOne(newNumber());
        expect((await world.call("GET", "/healthz")).status).toBe(200);
        expect(await world.call("GET", "/readyz")).toMatchObject({
          status: 503,
          body: { checks: { database: { status: "down" }, start: { status: "down" }, queue: { status: "ok" } } },
        });
        expect(await world.call("GET", `/api/v1/sms/${id}`)).toMatchObject({
          status: 503,
          body: {
            error_code: "SERVICE_UNAVAILABLE",
            details: { outcome: "not_accepted", reason: "directory_not_loaded" },
          },
        });
        await postgres.start();
        await waitFor(isReady, { what: "the worker to be ready" });
        await world.until(id, "delivered");
      });

      it("answers reads with 503, takes callbacks, and loses nothing when it stops in the middle", async () => {
        const before = await world.accept({}, ...Array.from({ length: 50 }, newNumber));
        await postgres.stop();
        const during = await world.accept({}, ...Array.from({ length: 50 }, newNumber));
        expect(await world.call("GET", "/api/v1/sms")).toMatchObject({
          status: 503,
          body: { error_code: "SERVICE_UNAVAILABLE", details: { outcome: "not_accepted" } },
          headers: { "retry-after": expect.any(String) },
        });
        // Whether it was carried out before the answer was lost nobody can say.
        expect(await world.call("POST", `/api/v1/sms/${before[0]}/cancel`)).toMatchObject({
          status: 503,
          body: { error_code: "SERVICE_UNAVAILABLE", details: { outcome: "unknown", reason: "database_unreachable" } },
        });
        await waitFor(
          () => world.log.some((line) => line.event === "queue.take_failed" || line.event === "part.failed"),
          {
            what: "a line about the outage",
          },
        );
        await postgres.start();
        await waitFor(isReady, { what: "the worker to be ready" });
        for (const id of [...before, ...during]) await world.until(id, "delivered", 60_000);
      });
    });
  });
});
