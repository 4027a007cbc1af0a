import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";

const FIXTURE = fileURLToPath(new URL("../test/fixtures/service-process.ts", import.meta.url));
// A child loads the TypeScript loader first, which takes a while on a busy machine.
const PATIENCE_MS = 30_000;

interface Service {
  readonly child: ChildProcess;
  readonly lines: () => Record<string, unknown>[];
  readonly events: () => unknown[];
  readonly stderr: () => string;
  readonly exitCode: Promise<number | null>;
}

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function startService(behaviour: string): Service {
  const child = spawn(process.execPath, ["--import", "tsx", "--conditions=@sms-gateway/source", FIXTURE, behaviour], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const lines = () =>
    stdout
      .split("\n")
      .slice(0, -1)
      .map((line): Record<string, unknown> => JSON.parse(line));
  return {
    child,
    lines,
    events: () => lines().map(({ event }) => event),
    stderr: () => stderr,
    exitCode: new Promise((resolve) => child.once("close", resolve)),
  };
}

async function waitForEvent(service: Service, event: string): Promise<void> {
  await vi.waitUntil(() => service.events().includes(event), { timeout: PATIENCE_MS, interval: 10 });
}

describe("runService", { timeout: PATIENCE_MS }, () => {
  it.each(["SIGTERM", "SIGINT"] as const)("stops in order on %s and exits with 0", async (signal) => {
    const service = startService("runs");
    await waitForEvent(service, "service.started");
    service.child.kill(signal);
    expect(await service.exitCode).toBe(0);
    expect(service.events()).toEqual(["service.started", "service.stopping", "service.stop_step", "service.stopped"]);
  });

  it("exits with 1 at the deadline and names what it waited for", async () => {
    const service = startService("hangs");
    await waitForEvent(service, "service.started");
    service.child.kill("SIGTERM");
    expect(await service.exitCode).toBe(1);
    expect(service.lines().at(-1)).toMatchObject({
      level: "error",
      event: "service.stop_overrun",
      stop_timeout_ms: 200,
      waiting_for: "drain",
      msg: "did not stop within 200 ms",
    });
  });

  it("exits at once on a second signal", async () => {
    const service = startService("stops slowly");
    await waitForEvent(service, "service.started");
    service.child.kill("SIGTERM");
    await waitForEvent(service, "service.stopping");
    service.child.kill("SIGINT");
    expect(await service.exitCode).toBe(1);
    expect(service.lines().at(-1)).toMatchObject({ event: "service.killed", signal: "SIGINT" });
  });

  it("exits with 1 when stopping fails", async () => {
    const service = startService("fails to stop");
    await waitForEvent(service, "service.started");
    service.child.kill("SIGTERM");
    expect(await service.exitCode).toBe(1);
    expect(service.lines().at(-1)).toMatchObject({
      event: "service.stop_failed",
      err: { message: "Stopping failed at: drain", errors: [{ message: "broker gone" }] },
    });
  });

  it("stops after its start when the signal comes during it", async () => {
    const service = startService("starts slowly");
    await waitForEvent(service, "fixture.starting");
    service.child.kill("SIGTERM");
    expect(await service.exitCode).toBe(0);
    expect(service.events().slice(1)).toEqual([
      "service.stopping",
      "service.started",
      "service.stop_step",
      "service.stopped",
    ]);
  });

  it.each([
    ["an unhandled rejection", "rejects", { origin: "unhandledRejection", err: { message: "forgotten" } }],
    ["an uncaught exception", "throws", { origin: "uncaughtException", err: { message: "thrown" } }],
  ])("logs %s as fatal and exits with 1", async (_what, behaviour, line) => {
    const service = startService(behaviour);
    expect(await service.exitCode).toBe(1);
    expect(service.lines().at(-1)).toMatchObject({ level: "fatal", event: "service.crashed", ...line });
  });

  it("prints bad settings as plain lines on stderr and exits with 1", async () => {
    const service = startService("has bad settings");
    expect(await service.exitCode).toBe(1);
    expect(service.stderr()).toBe(
      "fixture cannot start. 2 settings are wrong:\n  PORT must be a whole number\n  DATABASE_URL is not set\n",
    );
    expect(service.lines()).toEqual([]);
  });

  it("logs any other failure to start as fatal and exits with 1", async () => {
    const service = startService("cannot start");
    expect(await service.exitCode).toBe(1);
    expect(service.lines()).toEqual([
      expect.objectContaining({
        level: "fatal",
        event: "service.start_failed",
        err: expect.objectContaining({ message: "no port" }),
      }),
    ]);
  });
});
