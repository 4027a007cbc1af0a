import type { DeliveryPlan, DeliveryStep, NetworkState } from "../scenario/delivery-plan.ts";

/**
 * Carries out delivery plans.
 *
 * States of a message here: waiting (a timer runs to its next step) → reporting (no step left, reports still on their
 * way) → gone. Steps happen by the clock, whatever becomes of the reports; reports of one message leave one after
 * another, each when the one before it is answered, so that their order on the wire is the plan's order. The price: a
 * slow receiver delays its own later reports.
 */
export interface DeliveryEngine {
  /** True while as many messages are open as the lab will hold; the dialect then refuses in its own way. */
  isFull(): boolean;
  /** Lets the plan run from now on. */
  schedule(delivery: Delivery): void;
  /** Lets the whole plan happen at once; ends when every report has been answered or given up. */
  runNow(delivery: Delivery): Promise<void>;
  /** Everything still waiting happens at once; waits at most `reportsTimeoutMs` for the reports. */
  close(reportsTimeoutMs: number): Promise<void>;
}

/** An accepted message with what its dialect does at each step. */
export interface Delivery {
  plan: DeliveryPlan;
  enterState(state: NetworkState): void;
  reachHandset(): void;
  /** Tells the sender; never rejects, a report that cannot be delivered is the end of that report. */
  report(state: NetworkState): Promise<void>;
}

export interface DeliveryEngineOptions {
  deliveryDelayMs: number;
  openMessagesMax: number;
}

interface OpenDelivery {
  delivery: Delivery;
  startedAtMs: number;
  nextStep: number;
  timer: NodeJS.Timeout | null;
  /** The reports so far, chained. */
  reports: Promise<void>;
}

export function createDeliveryEngine(options: DeliveryEngineOptions): DeliveryEngine {
  const openDeliveries = new Set<OpenDelivery>();

  function open(delivery: Delivery): OpenDelivery {
    const opened: OpenDelivery = {
      delivery,
      startedAtMs: performance.now(),
      nextStep: 0,
      timer: null,
      reports: Promise.resolve(),
    };
    openDeliveries.add(opened);
    return opened;
  }

  function waitForNextStep(opened: OpenDelivery): void {
    const step = opened.delivery.plan.steps[opened.nextStep];
    if (step === undefined) {
      opened.reports = opened.reports.then(() => {
        openDeliveries.delete(opened);
      });
      return;
    }
    const dueInMs = opened.startedAtMs + step.afterDelays * options.deliveryDelayMs - performance.now();
    opened.timer = setTimeout(
      () => {
        takeStep(opened, step);
        waitForNextStep(opened);
      },
      Math.max(0, dueInMs),
    );
  }

  async function hurry(opened: OpenDelivery): Promise<void> {
    if (opened.timer !== null) clearTimeout(opened.timer);
    for (const step of opened.delivery.plan.steps.slice(opened.nextStep)) takeStep(opened, step);
    await opened.reports;
    openDeliveries.delete(opened);
  }

  return {
    isFull: () => openDeliveries.size >= options.openMessagesMax,
    schedule: (delivery) => waitForNextStep(open(delivery)),
    runNow: (delivery) => hurry(open(delivery)),
    async close(reportsTimeoutMs) {
      const allReported = Promise.all([...openDeliveries].map(hurry));
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, reportsTimeoutMs);
      });
      await Promise.race([allReported, timeout]);
      clearTimeout(timer);
    },
  };
}

function takeStep(opened: OpenDelivery, step: DeliveryStep): void {
  const { delivery } = opened;
  opened.nextStep += 1;
  delivery.enterState(step.state);
  if (step.reachesHandset) delivery.reachHandset();
  for (let copy = 0; copy < step.reports; copy += 1) {
    opened.reports = opened.reports.then(() => delivery.report(step.state));
  }
}
