import { randomUUID } from "node:crypto";
import { waitFor } from "@sms-gateway/testkit";
import { describe, expect, test } from "vitest";
import { describeWithProduct } from "./harness/describe-with-product.ts";
import { textOf } from "./harness/http-calls.ts";
import { countArrivals, countBy, eventTypes, sendAndWait } from "./harness/judge.ts";
import { expectCleanLogs, findFaults } from "./harness/read-logs.ts";

/** What the lab's carriers do with a number: architecture.md section 7. */
const LAB = {
  refused: "+15005550001",
  undelivered: "+15005550002",
  twiceTryLater: "+15005550003",
  delivered: "+15005550006",
  reportBeforeAnswer: "+15005550009",
  reportsTwice: "+15005550010",
  reportsInWrongOrder: "+15005550011",
  firstProviderTryLater: "+15005550014",
} as const;

/** Carriers that deliver at once, for tests that wait for it; the order of things stays the same. */
const QUICK_CARRIERS = { settings: { lab: { LAB_DELIVERY_DELAY_MS: "300" } } };

describeWithProduct(
  "a message on its way",
  (product) => {
    describe.concurrent("to the handset", () => {
      test("is delivered with exactly one text in the handset's inbox", async () => {
        const { accepted, message, text } = await sendAndWait(product(), LAB.delivered);
        expect(accepted).toMatchObject({
          success: true,
          message_count: 1,
          simulated: true,
          duplicates: [],
          warnings: [],
        });
        expect(message).toMatchObject({
          id: accepted.tracking_id,
          to: LAB.delivered,
          status: "delivered",
          error: null,
          possible_double: false,
          simulated: true,
        });
        expect(message.attempts).toMatchObject([{ number: 1, outcome: "accepted", error_code: null }]);
        expect(eventTypes(message).slice(0, 2)).toEqual(["message.accepted", "message.queued"]);
        expect(eventTypes(message).at(-1)).toBe("message.delivered");
        expect(await countArrivals(product(), LAB.delivered, text)).toBe(1);
      });

      test("reaches each recipient of a list once, a number that is given twice too", async () => {
        const [first, second, text] = [
          product().traces.newNumber(),
          product().traces.newNumber(),
          product().traces.newText(),
        ];
        const accepted = await product().client.send({
          to: [first, { number: second, name: "Ada" }, first],
          message: text,
        });
        expect(accepted).toMatchObject({ message_count: 2, duplicates: [first] });
        for (const id of accepted.message_ids) {
          expect(await product().client.waitForFinal(id)).toMatchObject({
            status: "delivered",
            batch_id: accepted.batch_id,
          });
        }
        expect(await countArrivals(product(), first, text)).toBe(1);
        expect(await countArrivals(product(), second, text)).toBe(1);
      });

      test("fails over to the next provider: two attempts by two providers, one text", async () => {
        const { message, text } = await sendAndWait(product(), LAB.firstProviderTryLater);
        expect(message.status).toBe("delivered");
        expect(message.attempts.map(({ outcome }) => outcome)).toEqual(["try_later", "accepted"]);
        expect(new Set(message.attempts.map(({ provider }) => provider)).size).toBe(2);
        expect(message.provider).toBe(message.attempts[1]?.provider);
        expect(await countArrivals(product(), LAB.firstProviderTryLater, text)).toBe(1);
      });

      test("takes the providers in the order that was asked for", async () => {
        const providers = ["clickatell", "Vonage"];
        const { message } = await sendAndWait(product(), LAB.firstProviderTryLater, { providers });
        expect(message.attempts.map(({ provider }) => provider)).toEqual(["clickatell", "nexmo"]);
        expect(message.status).toBe("delivered");
      });

      test("is tried again by the one requested provider until that takes it", async () => {
        const { message, text } = await sendAndWait(product(), LAB.twiceTryLater, { provider: "twilio" });
        expect(message.status).toBe("delivered");
        expect(message.attempts.map(({ provider, outcome }) => `${provider} ${outcome}`)).toEqual([
          "twilio try_later",
          "twilio try_later",
          "twilio accepted",
        ]);
        expect(await countArrivals(product(), LAB.twiceTryLater, text)).toBe(1);
      });

      test("fails for good with the provider's own code when that refuses it", async () => {
        const { message, text } = await sendAndWait(product(), LAB.refused);
        expect(message).toMatchObject({ status: "failed", error: { code: "21211" } });
        expect(message.attempts).toMatchObject([{ outcome: "rejected", error_code: "21211" }]);
        expect(await countArrivals(product(), LAB.refused, text)).toBe(0);
      });

      test("ends undelivered with the carrier's code when the report says so", async () => {
        const { message, text } = await sendAndWait(product(), LAB.undelivered);
        expect(message.status).toBe("undelivered");
        expect(message.error?.code).toMatch(/^\d{5}$/);
        expect(message.attempts).toMatchObject([{ outcome: "accepted", status: "undelivered" }]);
        expect(await countArrivals(product(), LAB.undelivered, text)).toBe(0);
      });

      test.each([
        ["come before the answer to the submit", LAB.reportBeforeAnswer],
        ["all come twice", LAB.reportsTwice],
        ["come in the wrong order", LAB.reportsInWrongOrder],
      ])("is delivered once, with each event once, when reports %s", async (_how, number) => {
        const { message, text } = await sendAndWait(product(), number);
        expect(message.status).toBe("delivered");
        expect(message.attempts).toMatchObject([{ number: 1, status: "delivered" }]);
        expect(Object.values(countBy(eventTypes(message))).every((times) => times === 1)).toBe(true);
        expect(await countArrivals(product(), number, text)).toBe(1);
      });

      test("stays sent when the carrier never reports, though the handset has it", async () => {
        const [to, text] = ["+15005550012", product().traces.newText()];
        const { tracking_id: id } = await product().client.send({ to, message: text });
        await waitFor(async () => (await countArrivals(product(), to, text)) === 1, { what: "the text to arrive" });
        const message = await product().client.getMessage(id);
        expect(message).toMatchObject({ status: "sent", delivered_at: null, error: null });
      });

      test("waits for its time when it is scheduled", async () => {
        const [to, text] = [product().traces.newNumber(), product().traces.newText()];
        const scheduleAt = new Date(Date.now() + 6_000).toISOString();
        const accepted = await product().client.send({ to, message: text, schedule_at: scheduleAt });
        expect(accepted.scheduled_for).toBe(scheduleAt);
        const scheduled = await waitFor(
          async () => {
            const message = await product().client.getMessage(accepted.tracking_id);
            return message.status === "scheduled" && message;
          },
          { what: "the message to be scheduled" },
        );
        expect(scheduled).toMatchObject({ schedule_at: scheduleAt });
        expect(await product().readInbox(to)).toEqual([]);
        const message = await product().client.waitForFinal(accepted.tracking_id);
        expect(message.status).toBe("delivered");
        expect(message.sent_at !== null && message.sent_at >= scheduleAt).toBe(true);
        expect(eventTypes(message)).toContain("message.scheduled");
        expect(await countArrivals(product(), to, text)).toBe(1);
      });

      test("keeps what the client gave with it, and how the request came", async () => {
        const [to, text] = [product().traces.newNumber(), product().traces.newText()];
        const given = {
          custom_id: `order-${randomUUID()}`,
          metadata: { order: { lines: [1, 2] } },
          from_number: "Shop 7",
        };
        const sent = await product().send(
          { to, message: text, priority: 2, sms_type: "alert", ...given },
          { headers: { "user-agent": "e2e/1" } },
        );
        const message = await product().client.waitForFinal(textOf(sent, "tracking_id"));
        expect(message).toMatchObject({
          ...given,
          message: text,
          priority: 2,
          sms_type: "alert",
          encoding: "gsm7",
          segments: 1,
        });
        expect(message.request).toMatchObject({ ip: "127.0.0.1", user_agent: "e2e/1", message_length: text.length });
        expect(message.request?.id).toBe(sent.headers.get("x-request-id"));
        expect((await product().readInbox(to)).map(({ from }) => from)).toEqual(["Shop 7"]);
      });

      test("counts the segments of a long text in UCS-2", async () => {
        const to = product().traces.newNumber();
        const message = `${product().traces.newText()} ${"ж".repeat(80)} 😀`;
        const accepted = await product().client.send({ to, message });
        expect(accepted.messages).toMatchObject([{ encoding: "ucs2", segments: 2 }]);
        expect(await product().client.waitForFinal(accepted.tracking_id)).toMatchObject({
          encoding: "ucs2",
          segments: 2,
        });
        expect(await countArrivals(product(), to, message)).toBe(1);
      });

      test("expires when it could not be sent in its life, and is not sent later", async () => {
        const [to, text] = ["+15005550015", product().traces.newText()];
        const accepted = await product().client.send({ to, message: text, ttl_seconds: 10 });
        const message = await product().client.waitForFinal(accepted.tracking_id, { timeoutMs: 30_000 });
        expect(message.status).toBe("expired");
        expect(message.attempts.every(({ outcome }) => outcome === "try_later")).toBe(true);
        expect(await countArrivals(product(), to, text)).toBe(0);
      });
    });

    describe.concurrent("asked for twice", () => {
      test("is sent once: the second request gets the first one's answer", async () => {
        const [to, message, idempotencyKey] = [product().traces.newNumber(), product().traces.newText(), randomUUID()];
        const first = await product().send({ to, message }, { idempotencyKey });
        expect(first.status).toBe(202);
        expect(first.headers.get("idempotent-replayed")).toBeNull();
        // The same JSON in another order, by the other spelling of the route.
        const [again, unversioned] = [
          await product().send({ message, to }, { idempotencyKey }),
          await product().post("/api/sms/send", { to, message }, { idempotencyKey }),
        ];
        expect(again).toMatchObject({ status: 202, body: first.body });
        expect(again.headers.get("idempotent-replayed")).toBe("true");
        expect(unversioned).toMatchObject({ status: 200, body: first.body });
        expect((await product().client.waitForFinal(textOf(first, "tracking_id"))).status).toBe("delivered");
        expect(await countArrivals(product(), to, message)).toBe(1);
      });

      test("is refused when the same key comes with another body", async () => {
        const [to, message, idempotencyKey] = [product().traces.newNumber(), product().traces.newText(), randomUUID()];
        await product().client.send({ to, message }, { idempotencyKey });
        const other = await product().send({ to, message: `${message}!` }, { idempotencyKey });
        expect(other).toMatchObject({ status: 422, body: { error_code: "IDEMPOTENCY_KEY_REUSED" } });
      });

      test("is one message after 200 parallel requests with one key", async () => {
        const [to, message, idempotencyKey] = [product().traces.newNumber(), product().traces.newText(), randomUUID()];
        const answers = await Promise.all(
          Array.from({ length: 200 }, () => product().send({ to, message }, { idempotencyKey })),
        );
        const accepted = answers.filter(({ status }) => status === 202);
        const waiting = answers.filter(({ status }) => status !== 202);
        expect(new Set(accepted.map((answer) => textOf(answer, "tracking_id"))).size).toBe(1);
        expect(accepted.filter(({ headers }) => headers.get("idempotent-replayed") === null)).toHaveLength(1);
        expect(countBy(waiting.map(({ status, body }) => `${status} ${body.error_code}`))).toEqual(
          waiting.length === 0 ? {} : { "409 IDEMPOTENCY_IN_PROGRESS": waiting.length },
        );
        expect(waiting.every(({ headers }) => headers.get("retry-after") === "1")).toBe(true);
        const [first] = accepted;
        if (first === undefined) throw new Error("none was accepted");
        expect((await product().client.waitForFinal(textOf(first, "tracking_id"))).status).toBe("delivered");
        expect(await countArrivals(product(), to, message)).toBe(1);
      });
    });

    describe.concurrent("in the small forms", () => {
      const SUCCESS = { success: true, message: "SMS sent successfully" };

      test.each(["/send-sms", "/api/send-sms"])("%s takes the form of requirement 000 and of 003", async (path) => {
        const [to, other, text] = [
          product().traces.newNumber(),
          product().traces.newNumber(),
          product().traces.newText(),
        ];
        const first = await product().post(path, { to, message: text });
        const second = await product().post(path, { recipient_number: other, message_content: text });
        for (const answer of [first, second]) {
          expect(answer).toMatchObject({ status: 200, body: SUCCESS });
          expect(answer.body.message_sid).toBe(answer.body.tracking_id);
          expect((await product().client.waitForFinal(textOf(answer, "tracking_id"))).status).toBe("delivered");
        }
        expect(await countArrivals(product(), to, text)).toBe(1);
        expect(await countArrivals(product(), other, text)).toBe(1);
      });

      test("takes the form of requirement 001, whose uuid is the idempotency key", async () => {
        const to = product().traces.newNumber();
        const body = {
          senderPhone: "12025550100",
          receiverPhone: to,
          messageText: product().traces.newText(),
          timestamp: 1_767_225_600,
          uuid: randomUUID(),
        };
        const [first, again] = [await product().post("/send-sms", body), await product().post("/send-sms", body)];
        expect(first).toMatchObject({ status: 200, body: SUCCESS });
        expect(again).toMatchObject({ status: 200, body: first.body });
        expect(again.headers.get("idempotent-replayed")).toBe("true");
        expect((await product().client.waitForFinal(textOf(first, "tracking_id"))).status).toBe("delivered");
        expect(await countArrivals(product(), to, body.messageText)).toBe(1);
      });

      test("refuses a missing field with 400 and the word that its clients read", async () => {
        const answer = await product().post("/send-sms", { to: product().traces.newNumber() });
        expect(answer).toMatchObject({ status: 400, body: { error_code: "INVALID_PAYLOAD" } });
        expect(textOf(answer, "error")).toBe(textOf(answer, "message"));
      });

      test("answers 200 under /api where /api/v1 answers 202", async () => {
        const body = { to: product().traces.newNumber(), message: product().traces.newText() };
        expect((await product().post("/api/sms/send", body)).status).toBe(200);
        expect((await product().post("/api/v1/sms/send", body)).status).toBe(202);
      });
    });

    describe.concurrent("in the books", () => {
      test("is found by each filter, and page by page", async () => {
        const customId = `list-${randomUUID()}`;
        const [to, message] = [product().traces.newNumber(), product().traces.newText()];
        const more = [product().traces.newNumber(), product().traces.newNumber()];
        const dateFrom = new Date(Date.now() - 1_000).toISOString();
        const fields = { custom_id: customId, sms_type: "promotional", provider: "plivo" } as const;
        const accepted = await product().client.send({ to: [to, ...more], message, ...fields });
        for (const id of accepted.message_ids) await product().client.waitForFinal(id);

        const { client } = product();
        const idsOf = async (query: Parameters<typeof client.listMessages>[0]) => {
          const { items } = await client.listMessages({ custom_id: customId, ...query });
          return items.map(({ id }) => id).sort();
        };
        const all = [...accepted.message_ids].sort();
        expect(await idsOf({})).toEqual(all);
        expect(await idsOf({ status: "delivered", sms_type: "promotional", provider: "plivo" })).toEqual(all);
        expect(await idsOf({ batch_id: accepted.batch_id, date_from: dateFrom })).toEqual(all);
        expect(await idsOf({ to })).toEqual(accepted.messages.filter((m) => m.to === to).map(({ id }) => id));
        expect(await idsOf({ status: "failed" })).toEqual([]);
        expect(await idsOf({ sms_type: "otp" })).toEqual([]);
        expect(await idsOf({ date_to: dateFrom })).toEqual([]);

        const first = await client.listMessages({ custom_id: customId, limit: 2 });
        expect(first).toMatchObject({ limit: 2, offset: 0, has_more: true });
        const byOffset = await client.listMessages({ custom_id: customId, limit: 2, offset: 2 });
        expect(byOffset).toMatchObject({ offset: 2, has_more: false });
        const byCursor = await client.listMessages({ custom_id: customId, limit: 2, cursor: first.next_cursor ?? "" });
        expect(byCursor.items.map(({ id }) => id)).toEqual(byOffset.items.map(({ id }) => id));
        expect([...first.items, ...byOffset.items].map(({ id }) => id).sort()).toEqual(all);
      });

      test("is canceled while it is scheduled, and never sent", async () => {
        const [to, message] = [product().traces.newNumber(), product().traces.newText()];
        const scheduleAt = new Date(Date.now() + 5_000).toISOString();
        const { tracking_id: id } = await product().client.send({ to, message, schedule_at: scheduleAt });
        await waitFor(async () => (await product().client.getMessage(id)).status === "scheduled", {
          what: "the message to be scheduled",
        });
        expect(await product().client.cancelMessage(id)).toMatchObject({ id, status: "canceled" });
        await waitFor(() => Date.now() > Date.parse(scheduleAt) + 2_000, { what: "its time to be over" });
        expect((await product().client.getMessage(id)).status).toBe("canceled");
        expect(await product().readInbox(to)).toEqual([]);
      });

      test("cannot be canceled once it is delivered", async () => {
        const { accepted } = await sendAndWait(product(), LAB.delivered);
        const answer = await product().post(`/api/v1/sms/${accepted.tracking_id}/cancel`, undefined);
        expect(answer).toMatchObject({
          status: 409,
          body: { error_code: "CONFLICT", details: { status: "delivered" } },
        });
      });

      test("is read under both spellings, right after it was accepted too", async () => {
        const { tracking_id: id } = await product().client.send({
          to: LAB.delivered,
          message: product().traces.newText(),
        });
        const [versioned, unversioned] = [
          await product().get(`/api/v1/sms/${id}`),
          await product().get(`/api/sms/${id}`),
        ];
        expect(versioned).toMatchObject({ status: 200, body: { id, tracking_id: id } });
        expect(unversioned).toMatchObject({ status: 200, body: { id, tracking_id: id } });
      });

      test("shows the text of a one-time password nowhere but on the handset", async () => {
        const code = "835127";
        product().traces.addSecret(code);
        const [to, text] = [product().traces.newNumber(), `${product().traces.newText()} ${code}`];
        const accepted = await product().client.send({ to, message: text, sms_type: "otp" });
        const reads = async () => [
          JSON.stringify(accepted),
          (await product().get(`/api/v1/sms/${accepted.tracking_id}`)).text,
          (await product().get(`/api/v1/sms?to=${encodeURIComponent(to)}`)).text,
        ];
        expect((await reads()).filter((shown) => shown.includes(code))).toEqual([]);
        expect((await product().client.waitForFinal(accepted.tracking_id)).status).toBe("delivered");
        expect((await reads()).filter((shown) => shown.includes(code))).toEqual([]);
        expect(await countArrivals(product(), to, text)).toBe(1);
      });
    });

    describe("left its marks", () => {
      test("in metrics of both services", async () => {
        const [gateway, worker] = await Promise.all(
          [product().urls.gateway, product().urls.worker].map(async (url) => (await fetch(`${url}/metrics`)).text()),
        );
        expect(gateway).toMatch(/^sms_messages_accepted_total\{.*lane="high".*\} [1-9]/m);
        expect(worker).toMatch(
          /^sms_\w+\{.*provider="twilio".*outcome="accepted".*\} [1-9]|^sms_\w+\{.*outcome="accepted".*provider="twilio".*\} [1-9]/m,
        );
      });

      test("and no number, text, code or key in any log, which is JSON line by line", () => {
        expectCleanLogs(product());
      });

      test("and no fault of our own", () => {
        expect(findFaults(product())).toEqual([]);
      });
    });
  },
  QUICK_CARRIERS,
);
