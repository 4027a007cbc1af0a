import { BOOTSTRAP_CLIENT_ID, type KeyScope, makeMessageId, makeSeed } from "@sms-gateway/contracts";
import { createApiKey, createClient } from "@sms-gateway/db";
import { hashApiKey } from "@sms-gateway/http";
import { createTestDatabase, describeWith } from "@sms-gateway/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newNumber, openWorld, type WorkerWorld } from "./worker-world.ts";

const IN_AN_HOUR = new Date(Date.now() + 3_600_000).toISOString();
const IN_TWO_HOURS = new Date(Date.now() + 7_200_000).toISOString();

describeWith("postgres", "the API", (adminUrl) => {
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

      async function createKey(clientId: string, scopes: readonly KeyScope[]): Promise<string> {
        const key = `sk_test_${Math.random().toString(36).slice(2)}`;
        await createApiKey(world.db, {
          clientId,
          kind: "test",
          scopes,
          hash: hashApiKey(key),
          prefix: key.slice(0, 12),
        });
        return key;
      }

      const scheduleOne = () => world.acceptOne(newNumber(), { schedule_at: IN_AN_HOUR, expire_at: IN_TWO_HOURS });

      describe("GET /api/v1/sms/{id}", () => {
        it("shows an issued id that is not recorded yet as accepted", async () => {
          const id = makeMessageId(world.settings.ID_SECRET, BOOTSTRAP_CLIENT_ID, makeSeed(Date.now()), 0);
          const { status, body } = await world.call("GET", `/api/v1/sms/${id.toUpperCase()}`);
          expect(status).toBe(200);
          expect(body).toEqual({ id, tracking_id: id, status: "accepted", created_at: expect.any(String) });
        });

        it("answers 404 to any other id, to one issued before the retention, and to nonsense", async () => {
          const secret = world.settings.ID_SECRET;
          const longAgo = Date.now() - 91 * 24 * 3_600_000;
          const ids = [
            "019aa000-0000-7000-8000-000000000001",
            makeMessageId(secret, "00000000-0000-7000-8000-0000000000ff", makeSeed(Date.now()), 0),
            makeMessageId(secret, BOOTSTRAP_CLIENT_ID, makeSeed(longAgo), 0),
            "nonsense",
          ];
          for (const id of ids) {
            expect(await world.call("GET", `/api/v1/sms/${id}`)).toMatchObject({
              status: 404,
              body: { error_code: "NOT_FOUND" },
            });
          }
        });

        it("answers 404 to another client's message", async () => {
          const id = await scheduleOne();
          await world.until(id, "scheduled");
          const other = await createKey(await createClient(world.db, { name: "other" }), ["read", "send"]);
          expect((await world.call("GET", `/api/v1/sms/${id}`, other)).status).toBe(404);
          expect((await world.call("POST", `/api/v1/sms/${id}/cancel`, other)).status).toBe(404);
          expect((await world.call("GET", "/api/v1/sms", other)).body).toMatchObject({ items: [] });
        });

        it("answers 401 without a valid key and 403 without the scope", async () => {
          expect(await world.call("GET", "/api/v1/sms", "wrong")).toMatchObject({
            status: 401,
            body: { error_code: "UNAUTHORIZED" },
          });
          const sender = await createKey(BOOTSTRAP_CLIENT_ID, ["send"]);
          expect(await world.call("GET", "/api/v1/sms", sender)).toMatchObject({
            status: 403,
            body: { error_code: "FORBIDDEN" },
          });
          const reader = await createKey(BOOTSTRAP_CLIENT_ID, ["read"]);
          expect((await world.call("POST", `/api/v1/sms/${await scheduleOne()}/cancel`, reader)).status).toBe(403);
        });

        it("masks the whole text of a one-time password, in the list too", async () => {
          const id = await world.acceptOne(newNumber(), {
            sms_type: "otp",
            text: "Your code is 493021",
            schedule_at: IN_AN_HOUR,
            expire_at: IN_TWO_HOURS,
          });
          expect((await world.until(id, "scheduled")).message).toBe("******");
          const { body } = await world.call("GET", "/api/v1/sms?sms_type=otp");
          expect(JSON.stringify(body)).not.toContain("493021");
          expect(body).toMatchObject({ items: [{ id, message: "******" }] });
        });

        it("answers the same under /api", async () => {
          const id = await scheduleOne();
          const message = await world.until(id, "scheduled");
          expect((await world.call("GET", `/api/sms/${id}`)).body).toEqual(message);
        });
      });

      describe("POST /api/v1/sms/{id}/cancel", () => {
        it("cancels a scheduled message, which then is never sent", async () => {
          const id = await scheduleOne();
          await world.until(id, "scheduled");
          const { status, body } = await world.call("POST", `/api/v1/sms/${id}/cancel`);
          expect(status).toBe(200);
          expect(body).toMatchObject({ id, status: "canceled", attempts: [] });
          expect(await world.call("POST", `/api/v1/sms/${id}/cancel`)).toMatchObject({
            status: 409,
            body: { error_code: "CONFLICT", details: { status: "canceled" } },
          });
        });

        it("answers 409 with the status when it is too late", async () => {
          const id = await world.acceptOne(newNumber());
          await world.until(id, "delivered");
          expect(await world.call("POST", `/api/v1/sms/${id}/cancel`)).toMatchObject({
            status: 409,
            body: { details: { status: "delivered" } },
          });
        });

        it("answers 409 accepted with Retry-After when it is too early, and 404 to what is not there", async () => {
          const id = makeMessageId(world.settings.ID_SECRET, BOOTSTRAP_CLIENT_ID, makeSeed(Date.now()), 0);
          expect(await world.call("POST", `/api/v1/sms/${id}/cancel`)).toMatchObject({
            status: 409,
            body: { details: { status: "accepted" } },
            headers: { "retry-after": "1" },
          });
          expect((await world.call("POST", "/api/v1/sms/nonsense/cancel")).status).toBe(404);
        });
      });

      describe("GET /api/v1/sms", () => {
        it("goes through all messages once, newest first, page by page", async () => {
          const batch = await world.accept(
            { schedule_at: IN_AN_HOUR, expire_at: IN_TWO_HOURS },
            newNumber(),
            newNumber(),
            newNumber(),
          );
          const [first = ""] = batch;
          const { batch_id: batchId } = await world.until(first, "scheduled");
          const seen: unknown[] = [];
          let cursor = "";
          for (let page = 0; page < 3; page += 1) {
            const { status, body } = await world.call("GET", `/api/v1/sms?batch_id=${batchId}&limit=1${cursor}`);
            expect(status).toBe(200);
            expect(body).toMatchObject({ limit: 1, offset: 0, has_more: page < 2, items: [{ status: "scheduled" }] });
            seen.push(...(body.items as { id: string }[]).map(({ id }) => id));
            cursor = `&cursor=${body.next_cursor}`;
          }
          expect(seen).toEqual(batch.toReversed());
        });

        it("finds by recipient, own id, provider and status", async () => {
          const number = newNumber();
          const id = await world.acceptOne(number, { custom_id: "order 7", providers: ["nexmo"] });
          await world.until(id, "delivered");
          for (const query of [
            `to=${number}`,
            `to=%2B${number.slice(1)}`,
            "custom_id=order%207",
            "provider=vonage&status=delivered",
          ]) {
            expect((await world.call("GET", `/api/v1/sms?${query}`)).body).toMatchObject({ items: [{ id }] });
          }
        });

        it("answers 422 with every problem of the query, and for a cursor that is none", async () => {
          const { status, body } = await world.call("GET", "/api/v1/sms?limit=501&status=lost&date_from=x");
          expect(status).toBe(422);
          expect(body).toMatchObject({
            error_code: "INVALID_PAYLOAD",
            details: { errors: [{ path: "query:status" }, { path: "query:date_from" }, { path: "query:limit" }] },
          });
          expect(await world.call("GET", "/api/v1/sms?cursor=abc")).toMatchObject({
            status: 422,
            body: { details: { errors: [{ path: "query:cursor" }] } },
          });
        });
      });

      it("describes every route in OpenAPI and names unknown ones and wrong methods", async () => {
        const { body } = await world.call("GET", "/docs/json");
        expect(Object.keys(body.paths as object)).toEqual(
          expect.arrayContaining([
            "/api/v1/sms",
            "/api/v1/sms/{id}",
            "/api/v1/sms/{id}/cancel",
            "/webhooks/{provider}/status",
          ]),
        );
        expect((await world.call("GET", "/nothing")).status).toBe(404);
        expect(await world.call("POST", "/api/v1/sms")).toMatchObject({
          status: 405,
          headers: { allow: expect.stringContaining("GET") },
        });
      });

      it("is alive and ready", async () => {
        expect((await world.call("GET", "/healthz")).status).toBe(200);
        expect(await world.call("GET", "/readyz")).toMatchObject({
          status: 200,
          body: { checks: { database: { status: "ok" }, queue: { status: "ok" }, start: { status: "ok" } } },
        });
      });
    });
  });
});
