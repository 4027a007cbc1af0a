import { AdmissionUnavailableError, type GroupPublisher } from "@sms-gateway/contracts";
import { createMetrics } from "@sms-gateway/runtime";
import { expect, test } from "vitest";
import { inertDeps } from "../../test/inert-deps.ts";
import { CALLER, readForm } from "../../test/sample-form.ts";
import { createGatewayMetrics } from "../metrics.ts";
import { type AcceptDeps, acceptMessages } from "./accept-messages.ts";
import { createQuotaCalendar } from "./quota-calendar.ts";

/** Accepts one message while the store fails like that; answers what was taken back, and how it ended. */
async function acceptWhile(error: Error): Promise<{ released: number; ended: unknown }> {
  let released = 0;
  const publisher: GroupPublisher<never, never> = {
    publish: () => Promise.reject(new Error("nothing may be published")),
    waiting: () => 0,
  };
  const deps: AcceptDeps = {
    admission: { ...inertDeps().admission, admit: () => Promise.reject(error) },
    store: "database",
    keeper: {
      settle: () => undefined,
      release: () => {
        released += 1;
      },
      abandon: () => undefined,
      drain: async () => undefined,
    },
    publisher,
    metrics: createGatewayMetrics(createMetrics("gateway")),
    quotaDay: createQuotaCalendar(),
    idSecret: "s".repeat(32),
    now: Date.now,
  };
  const ended: unknown = await acceptMessages(deps, {
    caller: CALLER,
    form: readForm({}),
    idempotency: null,
    limits: { perSecond: 0, perMinute: 0, perHour: 0, dailyQuota: 0 },
    simulated: true,
    sender: null,
    refusal: undefined,
    request: { id: "r", ip: "127.0.0.1", user_agent: null, bytes: 40, message_length: 5 },
  }).catch((failure: unknown) => failure);
  return { released, ended };
}

const NOT_ACCEPTED = { details: { outcome: "not_accepted", reason: "database_unreachable" } };

test("a reservation of which nobody knows is taken back", async () => {
  const { released, ended } = await acceptWhile(new AdmissionUnavailableError("no answer"));
  expect([released, ended]).toEqual([1, expect.objectContaining(NOT_ACCEPTED)]);
});

test("one that certainly was not made is left alone: the store has enough to do", async () => {
  const { released, ended } = await acceptWhile(new AdmissionUnavailableError("no connection", { isUntaken: true }));
  expect([released, ended]).toEqual([0, expect.objectContaining(NOT_ACCEPTED)]);
});
