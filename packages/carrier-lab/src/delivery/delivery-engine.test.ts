import { expect, onTestFinished, test, vi } from "vitest";
import type { DeliveryStep } from "../scenario/delivery-plan.ts";
import { createDeliveryEngine, type Delivery } from "./delivery-engine.ts";

const BOUND = { timeout: 30_000, interval: 2 };
const SENT: DeliveryStep = { afterDelays: 0.25, state: "sent", reachesHandset: false, reports: 1 };
const DELIVERED: DeliveryStep = { afterDelays: 1, state: "delivered", reachesHandset: true, reports: 1 };

function startEngine({ deliveryDelayMs = 10, openMessagesMax = 10 } = {}) {
  const engine = createDeliveryEngine({ deliveryDelayMs, openMessagesMax });
  onTestFinished(() => engine.close(0));
  return engine;
}

/** A delivery that writes down what happens; reports end as `answer` does. */
function createDelivery(answer: () => Promise<void> = async () => undefined) {
  const happened: string[] = [];
  const delivery: Delivery = {
    plan: { steps: [SENT, DELIVERED], beforeAnswer: false },
    enterState: (state) => happened.push(state),
    reachHandset: () => happened.push("received"),
    async report(state) {
      happened.push(`report ${state}`);
      await answer();
      happened.push(`answered ${state}`);
    },
  };
  return { delivery, happened };
}

test("the handset gets its text in time although no report is ever answered", async () => {
  const { delivery, happened } = createDelivery(() => new Promise(() => undefined));
  startEngine().schedule(delivery);
  await vi.waitFor(() => expect(happened).toContain("received"), BOUND);
  expect(happened).toEqual(["sent", "report sent", "delivered", "received"]);
});

test("a report leaves when the one before it is answered", async () => {
  const { delivery, happened } = createDelivery(() => new Promise((resolve) => setTimeout(resolve, 30)));
  await startEngine().runNow(delivery);
  expect(happened.filter((event) => event.startsWith("report") || event.startsWith("answered"))).toEqual([
    "report sent",
    "answered sent",
    "report delivered",
    "answered delivered",
  ]);
});

test("is full until a message is delivered and reported", async () => {
  const engine = startEngine({ openMessagesMax: 1 });
  const answers: (() => void)[] = [];
  const { delivery } = createDelivery(() => new Promise((resolve) => answers.push(resolve)));
  expect(engine.isFull()).toBe(false);
  engine.schedule(delivery);
  expect(engine.isFull()).toBe(true);
  await vi.waitFor(() => expect(answers).toHaveLength(1), BOUND);
  answers[0]?.();
  await vi.waitFor(() => expect(answers).toHaveLength(2), BOUND);
  expect(engine.isFull()).toBe(true);
  answers[1]?.();
  await vi.waitFor(() => expect(engine.isFull()).toBe(false), BOUND);
});

test("closing does everything that waits and does not wait for reports without end", async () => {
  const engine = startEngine({ deliveryDelayMs: 60_000 });
  const { delivery, happened } = createDelivery(() => new Promise(() => undefined));
  engine.schedule(delivery);
  await engine.close(20);
  expect(happened).toEqual(["sent", "delivered", "received", "report sent"]);
});
