import { createTestDatabase, describeWith, waitFor } from "@sms-gateway/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newNumber, openWorld, type WorkerWorld } from "./worker-world.ts";

describeWith("postgres", "a worker", (adminUrl) => {
  describeWith("rabbitmq", "with a queue", (rabbitmqUrl) => {
    describeWith("redis", "and a directory", (redisUrl) => {
      let world: WorkerWorld;
      let drop = async (): Promise<void> => undefined;
      beforeAll(async () => {
        const database = await createTestDatabase(adminUrl);
        drop = database.drop;
        world = await openWorld({ databaseUrl: database.url, rabbitmqUrl, redisUrl });
      });
      afterAll(async () => {
        await world.stop();
        await drop();
      });

      describe("that is given a message", () => {
        it("delivers it: one attempt, one text, every event once", async () => {
          const number = newNumber();
          const id = await world.acceptOne(number);
          const message = await world.until(id, "delivered");
          expect(message).toMatchObject({ provider: "twilio", error: null, simulated: true, to: number });
          expect(message.attempts).toMatchObject([
            { number: 1, provider: "twilio", outcome: "accepted", status: "delivered", error_code: null },
          ]);
          const types = message.events.map(({ type }) => type.replace("message.", ""));
          expect(types).toEqual(["accepted", "queued", "sending", "sent", "delivered"]);
          expect(message.events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
          expect(await world.readInbox(number)).toMatchObject([{ message: message.message, provider: "twilio" }]);
        });

        it("fails over to the next provider at once when one says try later", async () => {
          const id = await world.acceptOne("+15005550014");
          const message = await world.until(id, "delivered");
          expect(message.attempts.map(({ provider, outcome }) => `${provider} ${outcome}`)).toEqual([
            "twilio try_later",
            "aws_sns accepted",
          ]);
          expect(message.provider).toBe("aws_sns");
          expect(message).not.toHaveProperty("trace");
          const { trace } = (await world.call("GET", `/api/v1/sms/${id}?trace=true`)).body;
          const verdicts = (considered: Record<string, string>): unknown =>
            Object.entries(considered).map(([provider, verdict]) => ({ provider, verdict }));
          const others = { plivo: "next", nexmo: "next", clickatell: "next" };
          expect(trace).toMatchObject([
            {
              step: "record",
              provider: "twilio",
              considered: verdicts({ twilio: "chosen", aws_sns: "next", ...others }),
            },
            {
              step: "failover",
              provider: "aws_sns",
              considered: verdicts({ twilio: "tried", aws_sns: "chosen", ...others }),
            },
          ]);
          expect((await world.call("GET", `/api/v1/sms/${id}?trace=perhaps`)).status).toBe(422);
        });

        it("tries the one requested provider again, round by round", async () => {
          const id = await world.acceptOne("+15005550003", { providers: ["plivo"] });
          const message = await world.until(id, "delivered", 20_000);
          expect(message.attempts.map(({ provider, outcome }) => `${provider} ${outcome}`)).toEqual([
            "plivo try_later",
            "plivo try_later",
            "plivo accepted",
          ]);
        });

        it("ends it with the provider's code when the number is refused", async () => {
          const id = await world.acceptOne("+15005550001");
          const message = await world.until(id, "failed");
          expect(message.error).toMatchObject({ code: "21211" });
          expect(message.attempts).toMatchObject([{ outcome: "rejected", error_code: "21211" }]);
        });

        it("ends it as undelivered when the carrier reports so", async () => {
          const id = await world.acceptOne("+15005550002");
          const message = await world.until(id, "undelivered");
          expect(message.error?.code).toMatch(/^\d{5}$/);
          expect(message.attempts).toMatchObject([{ outcome: "accepted", status: "undelivered" }]);
        });

        it.each([
          ["before the answer to the submit", "+15005550009"],
          ["twice", "+15005550010"],
          ["in the wrong order", "+15005550011"],
        ])("delivers it once when reports come %s", async (_how, number) => {
          const id = await world.acceptOne(number);
          const message = await world.until(id, "delivered");
          const types = message.events.map(({ type }) => type);
          expect(new Set(types).size).toBe(types.length);
          expect(types.at(-1)).toBe("message.delivered");
          expect(message.attempts).toMatchObject([{ number: 1, status: "delivered" }]);
        });

        it("keeps it sent when no report ever comes", async () => {
          const id = await world.acceptOne("+15005550012");
          const message = await world.until(id, "sent");
          expect(message.attempts).toMatchObject([{ outcome: "accepted", status: null }]);
          expect(message.sent_at).not.toBeNull();
        });

        it("ends it at its deadline when every provider always says try later", async () => {
          const expireAt = new Date(Date.now() + 3_000).toISOString();
          const id = await world.acceptOne("+15005550015", { expire_at: expireAt });
          const message = await world.until(id, "expired");
          expect(message.error?.code).toBe("EXPIRED");
          expect(message.attempts.length).toBeGreaterThanOrEqual(5);
          expect(new Set(message.attempts.map(({ outcome }) => outcome))).toEqual(new Set(["try_later"]));
        });

        it("records one as expired whose life is over already, and calls nobody", async () => {
          const id = await world.acceptOne(newNumber(), { expire_at: new Date(Date.now() - 1).toISOString() });
          expect(await world.until(id, "expired")).toMatchObject({ attempts: [], error: { code: "EXPIRED" } });
        });

        it("waits for the time of a scheduled one", async () => {
          const scheduleAt = new Date(Date.now() + 1_500).toISOString();
          const number = newNumber();
          const id = await world.acceptOne(number, { schedule_at: scheduleAt });
          await world.until(id, "scheduled");
          expect(await world.readInbox(number)).toEqual([]);
          const message = await world.until(id, "delivered");
          expect((message.sent_at ?? "") >= scheduleAt).toBe(true);
        });

        it("delivers a batch of four hundred, each once, and counts fewer groups than results", async () => {
          const numbers = Array.from({ length: 400 }, newNumber);
          const [first = ""] = await world.accept({ sms_type: "promotional", priority: 5 }, ...numbers);
          await waitFor(async () => (await world.read(first)).status !== "accepted", { what: "it to be recorded" });
          const { batch_id: batchId } = await world.read(first);
          const list = `/api/v1/sms?batch_id=${batchId}&status=delivered&limit=500`;
          const countDelivered = async () => {
            const { items } = (await world.call("GET", list)).body;
            return Array.isArray(items) ? items.length : 0;
          };
          const isDone = async () => (await countDelivered()) === 400;
          await waitFor(isDone, { what: "all to be delivered", timeoutMs: 60_000, intervalMs: 200 });
          for (const number of numbers.slice(0, 50)) expect(await world.readInbox(number)).toHaveLength(1);
          const { body } = await world.worker.app.inject("/metrics");
          const read = (name: string) =>
            Number(new RegExp(`^${name}\\{service="worker"\\} (\\d+)`, "m").exec(body)?.[1]);
          expect(read("sms_settle_batch_messages_sum")).toBeGreaterThan(read("sms_settle_batch_messages_count"));
        });
      });

      it("writes one line per attempt and per report, without number or text", async () => {
        const number = newNumber();
        const id = await world.acceptOne(number);
        const message = await world.until(id, "delivered");
        const lines = world.log.filter((line) => line.message_id === id);
        expect(lines).toMatchObject([
          { event: "delivery.attempted", provider: "twilio", outcome: "accepted", attempt: 1 },
          { event: "report.applied", provider_status: "sent" },
          { event: "report.applied", provider_status: "delivered", message_status: "delivered" },
        ]);
        const text = JSON.stringify(world.log);
        expect(text).not.toContain(number);
        expect(text).not.toContain(message.message);
      });

      it("counts states, attempts and latencies", async () => {
        await world.until(await world.acceptOne(newNumber()), "delivered");
        const { body } = await world.worker.app.inject("/metrics");
        expect(body).toMatch(/sms_message_states_total\{status="delivered",service="worker"\} [1-9]/);
        expect(body).toMatch(/sms_attempts_total\{provider="twilio",outcome="accepted",service="worker"\} [1-9]/);
        expect(body).toMatch(/sms_accept_to_sent_seconds_count\{service="worker"\} [1-9]/);
        expect(body).toMatch(/sms_sent_to_delivered_seconds_count\{service="worker"\} [1-9]/);
      });
    });
  });
});
