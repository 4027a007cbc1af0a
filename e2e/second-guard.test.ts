import { randomUUID } from "node:crypto";
import type { MessageView } from "@sms-gateway/contracts";
import { expect, test } from "vitest";
import { expectBalanced, openAdminApi } from "./harness/admin-api.ts";
import { describeWithProduct } from "./harness/describe-with-product.ts";
import { flushRedis } from "./harness/flush-redis.ts";
import { type Answer, textOf } from "./harness/http-calls.ts";
import type { Product } from "./harness/product.ts";

describeWithProduct(
  "a key that Redis has forgotten",
  (product) => {
    test("repeats the same request: one SMS, and either id answers with the same message", async () => {
      const { body, key } = newRequest(product());
      const first = await product().send(body, key);
      const message = await product().client.waitForFinal(textOf(first, "tracking_id"));
      await flushRedis(product().servers.redis.url);
      const again = await product().send(body, key);
      expectForgotten(first, again);
      const same = await product().client.waitForFinal(textOf(again, "tracking_id"));
      expect(whatBecame(same)).toEqual(whatBecame(message));
      expect(message.status).toBe("delivered");
      expect(await product().readInbox(body.to)).toHaveLength(1);
    });

    test("repeats it before the first is recorded, and with another text: one SMS, and the other text is rejected", async () => {
      const { worker } = product().services;
      await worker.stop();
      const { body, key } = newRequest(product());
      const other = { ...body, message: product().traces.newText() };
      const answers: Answer[] = [];
      for (const each of [body, body, other]) {
        answers.push(await product().send(each, key));
        await flushRedis(product().servers.redis.url);
      }
      await worker.start();
      const [first, again, reused] = await Promise.all(
        answers.map((answer) => product().client.waitForFinal(textOf(answer, "tracking_id"))),
      );
      expect(new Set(answers.map((answer) => textOf(answer, "tracking_id"))).size).toBe(3);
      expect(first?.status).toBe("delivered");
      expect(again && whatBecame(again)).toEqual(first && whatBecame(first));
      expect(reused).toMatchObject({ status: "rejected", error: { code: "IDEMPOTENCY_KEY_REUSED" }, attempts: [] });
      expect((await product().readInbox(body.to)).map(({ message }) => message)).toEqual([body.message]);
    });

    test("repeats a list: each recipient gets one SMS, and each of the second ids answers with its message", async () => {
      const { key } = newRequest(product());
      const to = [product().traces.newNumber(), product().traces.newNumber(), product().traces.newNumber()];
      const body = { to, message: product().traces.newText() };
      const first = await product().send(body, key);
      await product().client.waitForFinal(textOf(first, "tracking_id"));
      await flushRedis(product().servers.redis.url);
      const again = await product().send(body, key);
      expectForgotten(first, again);
      const views = await Promise.all(idsOf(again).map((id) => product().client.waitForFinal(id)));
      expect(views.map((view) => view.to)).toEqual(to);
      expect(views.map(({ status }) => status)).toEqual(to.map(() => "delivered"));
      const inboxes = await Promise.all(to.map((number) => product().readInbox(number)));
      expect(inboxes.map((texts) => texts.length)).toEqual(to.map(() => 1));
    });

    test("sends another text: its id is rejected, and no handset gets it", async () => {
      const { body, key } = newRequest(product());
      await product().client.waitForFinal(textOf(await product().send(body, key), "tracking_id"));
      await flushRedis(product().servers.redis.url);
      const reused = await product().send({ ...body, message: product().traces.newText() }, key);
      expect(reused.status).toBe(202);
      expect(await product().client.waitForFinal(textOf(reused, "tracking_id"))).toMatchObject({
        status: "rejected",
        error: { code: "IDEMPOTENCY_KEY_REUSED" },
        attempts: [],
      });
      expect((await product().readInbox(body.to)).map(({ message }) => message)).toEqual([body.message]);
    });

    test("and all of them are in the books: each id is a message or an alias", async () => {
      const admin = await openAdminApi(product());
      // Of the tests above: 4 first requests with 6 recipients and 2 that were rejected; 3 repetitions with 5 recipients.
      await expectBalanced(admin, { recorded: 8, aliases: 5, dead_letters: 0 });
    });
  },
  { settings: { lab: { LAB_DELIVERY_DELAY_MS: "300" } } },
);

function newRequest({ traces }: Product) {
  return { body: { to: traces.newNumber(), message: traces.newText() }, key: { idempotencyKey: randomUUID() } };
}

/** Nobody remembered the first request: the second was taken as a new one, with ids of its own. */
function expectForgotten(first: Answer, again: Answer): void {
  expect([first.status, again.status, again.headers.get("idempotent-replayed")]).toEqual([202, 202, null]);
  expect(textOf(again, "tracking_id")).not.toBe(textOf(first, "tracking_id"));
}

function idsOf({ body: { message_ids: ids } }: Answer): string[] {
  if (!Array.isArray(ids)) throw new Error("the answer has no message_ids");
  return ids.map(String);
}

/** A message without its own id, which the second request's differs in. */
function whatBecame({ to, message, status, attempts, events, created_at: createdAt }: MessageView) {
  return { to, message, status, attempts, events, createdAt };
}
