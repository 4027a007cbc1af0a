import type { MessageView } from "@sms-gateway/contracts";
import { listProviderChanges, listProviderStates, setProviderLimits } from "@sms-gateway/db";
import { BUSY_MACHINE_MS, createTestDatabase, describeWith, openSql, type Sql, waitFor } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newNumber, openWorld, type WorkerWorld } from "./worker-world.ts";

/** Takes the request, never answers, and has not sent it. */
const SILENT = "+15005550007";
const BULK = { sms_type: "promotional", priority: 5 } as const;

describeWith("postgres", "a provider that answers nothing", (adminUrl) => {
  describeWith("rabbitmq", "with a queue", (rabbitmqUrl) => {
    describeWith("redis", "and a directory, for two workers", (redisUrl) => {
      let one: WorkerWorld;
      let two: WorkerWorld;
      let sql: Sql;
      let drop = async (): Promise<void> => undefined;
      beforeAll(async () => {
        const database = await createTestDatabase(adminUrl);
        drop = database.drop;
        sql = openSql(database.url);
        const servers = { databaseUrl: database.url, rabbitmqUrl, redisUrl };
        const env = { SUBMIT_TIMEOUT_MS: "2000" };
        one = await openWorld(servers, env);
        // One lab, which counts how often it was asked.
        two = await openWorld(servers, { ...env, LAB_URL: one.settings.LAB_URL });
        await setProviderLimits(one.db, "twilio", { maxInFlight: 10 });
      });
      afterAll(async () => {
        await one.stop();
        await two.stop();
        await sql.close();
        await drop();
      });

      const circuit = async () =>
        (await listProviderStates(one.db)).find(({ name }) => name === "twilio")?.circuit ?? { state: "none", step: 0 };
      const until = (state: string, step = 0, timeoutMs = 20_000) =>
        waitFor(
          async () => {
            const present = await circuit();
            return present.state === state && present.step === step;
          },
          { what: `the circuit to be ${state}, step ${step}`, timeoutMs },
        );
      const gauge = async (world: WorkerWorld) =>
        /^sms_provider_circuit\{.*provider="twilio".*\} (\S+)$/m.exec(
          (await world.worker.app.inject({ url: "/metrics" })).body,
        )?.[1];

      /** Waits until every one of them has been submitted and answered, or given up. */
      const submitted = (ids: readonly string[]) =>
        waitFor(
          async () => {
            const [row] = await sql.ask<{ count: number }>(
              `select count(*)::int as count from messages m
               where m.id = any($1::uuid[]) and m.attempt_count > 0 and m.status not in ('queued', 'scheduled')
                 and not exists (select 1 from attempts a where a.message_id = m.id and a.outcome is null)`,
              [ids],
            );
            return row?.count === ids.length;
          },
          { what: "all to be submitted" },
        );

      it("is given up by both, and what waits for it goes elsewhere at once", async () => {
        const soon = new Date(Date.now() + 25_000).toISOString();
        const silent = Array.from({ length: 60 }, () => SILENT);
        // One lane above the campaign: its calls keep every slot that is not the high lane's.
        await one.accept({ providers: ["twilio"], expire_at: soon, sms_type: "transactional", priority: 3 }, ...silent);
        await waitFor(async () => (await sql.ask("select 1 from attempts limit 1")).length > 0, { what: "a call" });
        const waiting = await one.accept(BULK, ...Array.from({ length: 100 }, newNumber));
        await until("open");
        await submitted(waiting);
        const moved = await sql.ask<{ id: string }>(
          "select id from messages where id = any($1::uuid[]) and provider <> 'twilio'",
          [waiting],
        );
        expect(moved.length).toBeGreaterThan(50);
        const { trace } = (await one.call("GET", `/api/v1/sms/${moved[0]?.id}?trace=true`)).body;
        expect(JSON.stringify(trace)).toContain("circuit_open");

        await waitFor(async () => (await gauge(two)) === "1", {
          what: "the other worker to know",
          timeoutMs: 1_000 + BUSY_MACHINE_MS,
        });
        const elsewhere = await two.until(await two.acceptOne(newNumber()), "delivered");
        expect(elsewhere.attempts.map(({ provider }) => provider)).not.toContain("twilio");
      });

      it("still has messages accepted that name it alone: they wait", async () => {
        const id = await two.acceptOne(newNumber(), { providers: ["twilio"] });
        expect((await two.until(id, "queued")).attempts).toEqual([]);
        expect(await circuit()).toMatchObject({ state: "open", reason: "failures" });
      });

      it("is probed when its time is over, and gets its traffic back in steps", async () => {
        // Probes would be those that it never answers.
        await sql.ask(
          "update messages set expire_at = now() - interval '1 s' where to_number = $1 and status = 'queued'",
          [SILENT],
        );
        await sql.ask("update providers set circuit_until = now() - interval '1 s' where name = 'twilio'");
        await waitFor(async () => (await circuit()).state !== "open", { what: "half-open" });
        for (let turn = 0; turn < 200 && (await circuit()).state !== "closed"; turn += 1) {
          const world = turn % 2 === 0 ? one : two;
          const ids = await world.accept(BULK, ...Array.from({ length: 10 }, newNumber));
          await submitted(ids);
        }
        const changes = await listProviderChanges(one.db, "twilio", 50);
        expect(changes.map(({ to, detail }) => `${to} ${detail.step ?? ""}`).slice(0, 6)).toEqual([
          "closed 0",
          "half_open 3",
          "half_open 2",
          "half_open 1",
          "half_open 0",
          "open 0",
        ]);
        const told = [...one.log, ...two.log].filter(({ event }) => event === "provider.circuit_changed");
        expect(told.filter(({ provider }) => provider === "twilio")).toHaveLength(6);
        await waitFor(async () => (await gauge(one)) === "0", { what: "the gauge" });
        const id = await one.acceptOne(newNumber());
        expect(await one.until(id, "delivered")).toMatchObject({ provider: "twilio" });
      });

      it("that asks us to wait is left alone for so long by all, and its message waits or goes elsewhere", async () => {
        const id = await one.acceptOne("+15005550004", { providers: ["twilio"] });
        const held = async () => (await listProviderStates(one.db)).find(({ name }) => name === "twilio")?.heldUntil;
        await waitFor(held, { what: "the answer that asks us to wait" });
        const named = await two.acceptOne(newNumber(), { providers: ["twilio"] });
        const message = await two.until(named, "delivered", 20_000);
        const again = await one.until(id, "delivered", 20_000);
        const startOf = (view: MessageView, number: number) => Date.parse(view.attempts[number - 1]?.started_at ?? "");
        expect(startOf(message, 1) - startOf(again, 1)).toBeGreaterThanOrEqual(2_000);
        expect(startOf(again, 2) - startOf(again, 1)).toBeGreaterThanOrEqual(2_000);
        expect(again.attempts.map(({ outcome }) => outcome)).toEqual(["try_later", "accepted"]);

        const free = await one.acceptOne("+15005550004");
        expect((await one.until(free, "delivered")).attempts).toMatchObject([
          { provider: "twilio", outcome: "try_later" },
          { provider: "aws_sns", outcome: "accepted" },
        ]);
        expect((await circuit()).state).toBe("closed");
      });
    });
  });
});
