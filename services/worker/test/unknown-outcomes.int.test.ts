import { BOOTSTRAP_CLIENT_ID, type MessageView } from "@sms-gateway/contracts";
import { setClientUnknownOutcomes } from "@sms-gateway/db";
import { createTestDatabase, describeWith, openSql, type Sql, waitFor } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { signReport } from "./sign-report.ts";
import { newNumber, openWorld, type WorkerWorld } from "./worker-world.ts";

/** Carriers that take the request and give no usable answer; 005 and 017 have sent it. */
const SILENT_SENT = "+15005550005";
const SILENT_NOT_SENT = "+15005550007";
const FAILED_NOT_SENT = "+15005550016";
const FAILED_SENT = "+15005550017";
const RESET_NOT_SENT = "+15005550018";

describeWith("postgres", "a submit that nobody answers", (adminUrl) => {
  describeWith("rabbitmq", "with a queue", (rabbitmqUrl) => {
    describeWith("redis", "and a directory", (redisUrl) => {
      let world: WorkerWorld;
      let sql: Sql;
      let drop = async (): Promise<void> => undefined;
      beforeAll(async () => {
        const database = await createTestDatabase(adminUrl);
        drop = database.drop;
        const servers = { databaseUrl: database.url, rabbitmqUrl, redisUrl };
        world = await openWorld(servers, { SUBMIT_TIMEOUT_MS: "2000" });
        sql = openSql(database.url);
        // The first call of a process loads the provider's library and connects, which takes longer than a submit may here.
        await world.until(await world.acceptOne(newNumber()), "delivered", 30_000);
      });
      afterAll(async () => {
        await sql.close();
        await world.stop();
        await drop();
      });

      /** Waits until the message is as described. */
      async function untilMessage(
        id: string,
        what: string,
        is: (message: MessageView) => boolean,
      ): Promise<MessageView> {
        return await waitFor(
          async () => {
            const message = await world.read(id);
            return message.attempts !== undefined && is(message) ? message : undefined;
          },
          { what: `message ${id}: ${what}` },
        );
      }

      const looks = (id: string) =>
        world.log.filter((line) => line.event === "unknown.searched" && line.message_id === id).length;

      /** Waits until its first look is over, and for another one, as if so much time had passed since the submit. */
      async function lookLater(id: string, seconds: number): Promise<void> {
        await waitFor(() => looks(id) > 0, { what: "the first look" });
        await sql.ask(
          `update attempts set started_at = started_at - $2 * interval '1 s', finished_at = finished_at - $2 * interval '1 s'
           where message_id = $1 and outcome = 'unknown'`,
          [id, seconds],
        );
        const before = looks(id);
        await waitFor(
          async () => {
            // What is decided at the end of a look sets the time anew.
            await sql.ask(
              "update attempts set check_at = now() - interval '1 s' where message_id = $1 and outcome = 'unknown'",
              [id],
            );
            return looks(id) > before;
          },
          { what: "another look", intervalMs: 200 },
        );
      }

      it.each([SILENT_SENT, FAILED_SENT])("is found where it is, and is not sent again: %s", async (number) => {
        const before = (await world.readInbox(number)).length;
        const id = await world.acceptOne(number, { sms_type: "otp", priority: 1 });
        const message = await world.until(id, "delivered", 15_000);
        expect(message.possible_double).toBe(false);
        expect(message.attempts.at(-1)?.status).toBe("delivered");
        expect(await world.readInbox(number)).toHaveLength(before + 1);
      });

      it("is sent once more at once, elsewhere and as a possible double, when it is a code", async () => {
        const expireAt = new Date(Date.now() + 12_000).toISOString();
        const providers = ["nexmo", "plivo"] as const;
        const given = { sms_type: "otp", priority: 1, expire_at: expireAt, providers: [...providers] } as const;
        const id = await world.acceptOne(SILENT_NOT_SENT, { ...given, providers: [...providers] });
        const message = await untilMessage(id, "two attempts", ({ attempts }) => attempts.length >= 2);
        expect(message.possible_double).toBe(true);
        expect(message.attempts.slice(0, 2).map(({ provider }) => provider)).toEqual([...providers]);
        expect((await world.call("POST", `/api/v1/sms/${id}/cancel`)).status).toBe(409);
        const { body } = await world.call("GET", `/api/v1/sms/${id}?trace=true`);
        expect(body.trace).toContainEqual(expect.objectContaining({ step: "resend", provider: "plivo" }));

        const ended = await world.until(id, "unknown", 25_000);
        expect(ended.possible_double).toBe(true);
        await world.worker.app.inject({ method: "POST", ...signReport(world, id, "delivered") });
        await world.until(id, "delivered");
      });

      it("counts as not sent once the settled list of its provider does not have it, and goes to the next", async () => {
        const id = await world.acceptOne(RESET_NOT_SENT, { sms_type: "promotional", priority: 5 });
        await lookLater(id, 61);
        const message = await untilMessage(id, "a second attempt", ({ attempts }) => attempts.length > 1);
        expect(message.attempts[0]).toMatchObject({ outcome: "try_later", error_code: "NOT_FOUND_AT_PROVIDER" });
        expect(message.possible_double).toBe(false);
        expect(await world.readInbox(RESET_NOT_SENT)).toEqual([]);
      });

      it("waits for its report when it is transactional, and nothing is sent meanwhile", async () => {
        const id = await world.acceptOne(FAILED_NOT_SENT, { sms_type: "transactional" });
        await lookLater(id, 30);
        expect((await world.read(id)).attempts).toMatchObject([{ outcome: "unknown" }]);
        await world.worker.app.inject({ method: "POST", ...signReport(world, id, "delivered") });
        expect((await world.until(id, "delivered")).attempts).toHaveLength(1);
      });

      it("is done about as the client wants it, not the class", async () => {
        await setClientUnknownOutcomes(world.db, BOOTSTRAP_CLIENT_ID, { otp: "never", promotional: "resend" });
        await waitFor(async () => (await world.worker.app.inject({ url: "/readyz" })).statusCode === 200, {
          what: "ready",
        });
        await waitFor(
          async () => {
            const id = await world.acceptOne(RESET_NOT_SENT, { sms_type: "promotional", priority: 5 });
            await waitFor(() => looks(id) > 0, { what: "the first look" });
            return (await world.read(id)).possible_double;
          },
          { what: "the choice to be known" },
        );
        const id = await world.acceptOne(RESET_NOT_SENT, { sms_type: "otp", priority: 1 });
        await lookLater(id, 30);
        expect(await world.read(id)).toMatchObject({ possible_double: false, attempts: [{ outcome: "unknown" }] });
        await setClientUnknownOutcomes(world.db, BOOTSTRAP_CLIENT_ID, { otp: null, promotional: null });
      });

      it("is asked for by the provider's id when its report does not come, closed in the end, and corrected by a late report", async () => {
        const id = await world.acceptOne("+15005550012");
        await world.until(id, "sent");
        const look = (hours: number) =>
          sql.ask<{ was_in_s: number }>(
            `with before as (select check_at from attempts where message_id = $1)
             update attempts set check_at = now() - interval '1 s', finished_at = finished_at - $2 * interval '1 h' where message_id = $1
             returning extract(epoch from (select check_at from before) - now())::int as was_in_s`,
            [id, hours],
          );
        const [first] = await look(1);
        expect(first?.was_in_s).toBeGreaterThan(35);
        expect(first?.was_in_s).toBeLessThanOrEqual(45);
        await waitFor(() => world.log.some((line) => line.event === "report.asked" && line.message_id === id), {
          what: "the question",
        });
        // Asked after an hour, it is due again after four.
        await waitFor(async () => ((await look(0))[0]?.was_in_s ?? 0) > 3600, {
          what: "the next look",
          intervalMs: 500,
        });
        expect((await world.read(id)).status).toBe("sent");

        await look(72);
        const closed = await untilMessage(
          id,
          "an event",
          ({ events }) => events.at(-1)?.type === "message.report_missing",
        );
        expect(closed.status).toBe("sent");
        expect(closed.events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
        const kept = await sql.ask(
          `select a.check_at, m.final_at is not null as is_final from attempts a join messages m on m.id = a.message_id
           where m.id = $1`,
          [id],
        );
        expect(kept).toEqual([{ check_at: null, is_final: true }]);
        await world.worker.app.inject({ method: "POST", ...signReport(world, id, "delivered") });
        expect((await world.until(id, "delivered")).events.at(-1)).toMatchObject({
          sequence: 6,
          type: "message.delivered",
        });
      });
    });
  });
});
