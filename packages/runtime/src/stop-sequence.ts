/*
 * The order in which a service lets go of what it holds.
 *
 * collecting: from creation; `add` is allowed.
 * stopping:   from the first `stop()`; steps run one after another, the one added last first, because what was opened
 *             later leans on what was opened before. A step that fails does not keep the next ones from running.
 * stopped:    the promise of `stop()` has settled; rejected when a step failed.
 */
import type { FastifyBaseLogger } from "fastify";

/** An ordered drain; fits what `runService` expects of a running service. */
export interface StopSequence {
  /**
   * Adds a step, which runs before all steps added earlier.
   *
   * @throws Error when the sequence has begun to stop.
   */
  add(name: string, step: () => unknown): void;
  /**
   * Runs the steps; called again it gives the same promise.
   *
   * @throws AggregateError with the error of every failed step.
   */
  stop(): Promise<void>;
  /** The step that is running, for the line about an overrun. */
  currentStep(): string | undefined;
}

/** Creates an empty sequence; each step is logged as `service.stop_step` with its duration in ms. */
export function createStopSequence(logger: Pick<FastifyBaseLogger, "info" | "warn">): StopSequence {
  const steps: { name: string; step: () => unknown }[] = [];
  let current: string | undefined;
  let stopping: Promise<void> | undefined;

  async function runSteps(): Promise<void> {
    const failures: { name: string; error: unknown }[] = [];
    for (const { name, step } of steps.toReversed()) {
      current = name;
      const startedAt = performance.now();
      let failed = false;
      try {
        await step();
      } catch (error) {
        failed = true;
        failures.push({ name, error });
      }
      const line = { event: "service.stop_step", step: name, duration_ms: Math.round(performance.now() - startedAt) };
      if (failed) logger.warn({ ...line, failed });
      else logger.info(line);
    }
    current = undefined;
    if (failures.length === 0) return;
    throw new AggregateError(
      failures.map(({ error }) => error),
      `Stopping failed at: ${failures.map(({ name }) => name).join(", ")}`,
    );
  }

  return {
    add(name, step) {
      if (stopping !== undefined) throw new Error(`Cannot add the stop step ${name}: stopping has begun`);
      steps.push({ name, step });
    },
    stop() {
      stopping ??= runSteps();
      return stopping;
    },
    currentStep: () => current,
  };
}
