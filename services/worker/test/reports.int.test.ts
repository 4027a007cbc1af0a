import { PROVIDER_NAMES } from "@sms-gateway/contracts";
import { createTestDatabase, describeWith, waitFor } from "@sms-gateway/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signReport, signReportFor, signReportOf } from "./sign-report.ts";
import { newNumber, openWorld, type WorkerWorld } from "./worker-world.ts";

describeWith("postgres", "reports", (adminUrl) => {
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

      const post = (report: { url: string; headers: Record<string, string>; payload: string }) =>
        world.worker.app.inject({ method: "POST", ...report });

      describe("POST /webhooks/{provider}/status", () => {
        it("takes a signed report with 204 and applies it", async () => {
          const id = await world.acceptOne("+15005550012");
          const { provider_message_id: sid } = await world.until(id, "sent");
          const answer = await post(signReport(world, id, "delivered", sid ?? ""));
          expect(answer.statusCode).toBe(204);
          await world.until(id, "delivered");
        });

        it.each(PROVIDER_NAMES)("takes one of %s", async (provider) => {
          const id = await world.acceptOne("+15005550012", { providers: [provider] });
          const { provider_message_id: sid } = await world.until(id, "sent");
          const report = signReportOf(world, { provider, messageId: id }, "delivered", sid ?? "");
          expect(report.url).toContain(`/webhooks/${provider}/status`);
          // As each provider expects.
          expect((await post(report)).statusCode).toBe(provider === "twilio" ? 204 : 200);
          expect(await world.until(id, "delivered")).toMatchObject({ provider });
        });

        it("applies reports of one message that wait together, each with its event", async () => {
          const id = await world.acceptOne("+15005550012");
          await world.until(id, "sent");
          const answers = await Promise.all(
            ["sent", "delivered", "delivered"].map((word) => post(signReport(world, id, word))),
          );
          expect(answers.map(({ statusCode }) => statusCode)).toEqual([204, 204, 204]);
          const message = await world.until(id, "delivered");
          expect(message.events.map(({ type }) => type).filter((type) => type === "message.delivered")).toHaveLength(1);
        });

        it("answers 403 to a wrong signature and applies nothing", async () => {
          const id = await world.acceptOne("+15005550012");
          await world.until(id, "sent");
          const { headers, ...report } = signReport(world, id, "delivered");
          const answer = await post({
            ...report,
            headers: { ...headers, "x-twilio-signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
          });
          expect(answer.statusCode).toBe(403);
          expect(answer.json()).toMatchObject({ error_code: "FORBIDDEN" });
          expect(
            (await post({ ...report, headers, payload: `${report.payload}&MessageStatus=failed` })).statusCode,
          ).toBe(403);
          expect((await world.read(id)).status).toBe("sent");
        });

        it("answers 403 to an address whose mac is not ours, however well it is signed", async () => {
          const id = await world.acceptOne("+15005550012");
          await world.until(id, "sent");
          const address = `${world.settings.PUBLIC_URL}/webhooks/twilio/status?a=lab&m=${id}&n=1&h=${"0".repeat(32)}`;
          expect((await post(signReportFor(world, address, "delivered"))).statusCode).toBe(403);
        });

        it("believes PUBLIC_URL and not the Host header", async () => {
          const id = await world.acceptOne("+15005550012");
          await world.until(id, "sent");
          const { headers, ...report } = signReport(world, id, "delivered");
          expect((await post({ ...report, headers: { ...headers, host: "elsewhere.example" } })).statusCode).toBe(204);
        });

        it("takes a signed report at an address that names no attempt, and finds it by the provider's id", async () => {
          const id = await world.acceptOne("+15005550012");
          const { provider_message_id: sid } = await world.until(id, "sent");
          const address = `${world.settings.PUBLIC_URL}/webhooks/twilio/status`;
          expect((await post(signReportFor(world, address, "delivered", { sid: sid ?? "" }))).statusCode).toBe(204);
          await world.until(id, "delivered");
        });

        it("answers 404 to a provider that does not exist, and 413 to a body beyond reason", async () => {
          const id = await world.acceptOne(newNumber());
          const report = signReport(world, id, "delivered");
          expect((await post({ ...report, url: report.url.replace("twilio", "acme") })).statusCode).toBe(404);
          expect((await post({ ...report, payload: "x".repeat(70_000) })).statusCode).toBe(413);
        });

        it("answers 503 when the queue does not take it, so that the provider may come again", async () => {
          const database = await createTestDatabase(adminUrl);
          const other = await openWorld({ databaseUrl: database.url, rabbitmqUrl, redisUrl });
          const id = await other.acceptOne("+15005550012");
          await other.until(id, "sent");
          await other.queue.close();
          const answer = await other.worker.app.inject({ method: "POST", ...signReport(other, id, "delivered") });
          expect(answer.statusCode).toBe(503);
          expect(answer.headers["retry-after"]).toBe("1");
          expect(answer.json()).toMatchObject({ error_code: "SERVICE_UNAVAILABLE" });
          await other.stop();
          await database.drop();
        });

        it("counts words that the adapter does not know, and applies nothing", async () => {
          const id = await world.acceptOne("+15005550012");
          await world.until(id, "sent");
          expect((await post(signReport(world, id, "teleported"))).statusCode).toBe(204);
          await waitFor(() => world.log.some((line) => line.event === "report.unknown_word"), { what: "the log line" });
          expect((await world.read(id)).status).toBe("sent");
        });
      });
    });
  });
});
