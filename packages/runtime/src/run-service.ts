/*
 * The life of a service process.
 *
 * starting: until `start()` resolves. Its failure ends the process with 1. A signal is remembered and acted on as soon
 *           as `start()` has resolved; its time counts against the deadline.
 * running:  until SIGTERM or SIGINT.
 * stopping: `stop()` runs. It ends the process with 0, or with 1 when it fails or outlives the deadline.
 * A second signal, an uncaught exception and an unhandled rejection end the process with 1 at once, from any state:
 * after those nothing in memory can be trusted, and whatever was accepted lies in the queue.
 */
import { writeSync } from "node:fs";
import type { FastifyBaseLogger } from "fastify";
import { SettingsError } from "./settings-error.ts";

/** What `start()` gives back. A `StopSequence` fits. */
export interface RunningService {
  /** Lets go of everything in the service's own order: stop taking work, finish what is under way, disconnect. */
  stop(): Promise<void>;
  /** What `stop()` is waiting for, named in the line about an overrun. */
  currentStep?(): string | undefined;
  /** Takes the place of `runService`'s deadline where that depends on settings. */
  readonly stopTimeoutMs?: number;
}

/** What `runService` needs. */
export interface RunServiceOptions {
  /** Name of the service in its log lines. */
  readonly name: string;
  readonly logger: Pick<FastifyBaseLogger, "info" | "error" | "fatal">;
  /** Loads the settings and starts everything; a `SettingsError` from here is printed in plain lines. */
  start(): Promise<RunningService>;
  /** Deadline from the signal to the end of the process, in ms. */
  readonly stopTimeoutMs: number;
}

/**
 * Runs a service until a signal ends it. Resolves once it has started; a failed start ends the process instead. To be
 * called once per process, whose signals and end it owns. Since the logger is there before the settings are, create it
 * at `info` and set `logger.level` in `start()`.
 */
export async function runService(options: RunServiceOptions): Promise<void> {
  const { name, logger, start } = options;
  let service: RunningService | undefined;
  let stopping = false;

  function stopOnSignal(signal: NodeJS.Signals): void {
    if (stopping) {
      logger.error({ event: "service.killed", name, signal }, "second signal: exiting at once");
      process.exit(1);
    }
    stopping = true;
    logger.info({ event: "service.stopping", name, signal });
    exitAtDeadline(options, () => service);
    if (service !== undefined) void stopService(options, service);
  }

  process.on("SIGTERM", stopOnSignal);
  process.on("SIGINT", stopOnSignal);
  process.on("uncaughtException", (err, origin) => {
    logger.fatal({ event: "service.crashed", name, origin, err });
    process.exit(1);
  });

  const startedAt = performance.now();
  try {
    service = await start();
  } catch (error) {
    reportStartFailure(options, error);
    process.exit(1);
  }
  logger.info({ event: "service.started", name, duration_ms: Math.round(performance.now() - startedAt) });
  if (stopping) await stopService(options, service);
}

async function stopService({ name, logger }: RunServiceOptions, service: RunningService): Promise<void> {
  const startedAt = performance.now();
  try {
    await service.stop();
  } catch (err) {
    logger.error({ event: "service.stop_failed", name, err });
    process.exit(1);
  }
  logger.info({ event: "service.stopped", name, duration_ms: Math.round(performance.now() - startedAt) });
  process.exit(0);
}

// The timer also keeps the process alive for a `stop()` that waits for nothing the event loop knows.
function exitAtDeadline(options: RunServiceOptions, readService: () => RunningService | undefined): void {
  const deadlineMs = readService()?.stopTimeoutMs ?? options.stopTimeoutMs;
  setTimeout(() => {
    const service = readService();
    const waitingFor = service === undefined ? "start" : service.currentStep?.();
    options.logger.error(
      {
        event: "service.stop_overrun",
        name: options.name,
        stop_timeout_ms: deadlineMs,
        ...(waitingFor === undefined ? {} : { waiting_for: waitingFor }),
      },
      `did not stop within ${deadlineMs} ms`,
    );
    process.exit(1);
  }, deadlineMs);
}

// Wrong settings are for whoever wrote the .env file: plain lines instead of a JSON line with a stack.
function reportStartFailure({ name, logger }: RunServiceOptions, error: unknown): void {
  if (error instanceof SettingsError) {
    writeSync(process.stderr.fd, `${name} cannot start. ${error.message}\n`);
    return;
  }
  logger.fatal({ event: "service.start_failed", name, err: error });
}
