import type { FastifyBaseLogger } from "fastify";
import fp from "fastify-plugin";
import { type Static, Type } from "typebox";
import { createReadinessProbe, type ProbeResult, type ReadinessCheck } from "./readiness-probe.ts";

/** What `healthRoutes` needs. */
export interface HealthRoutesOptions {
  readonly checks: readonly ReadinessCheck[];
  /** Whether the service has begun to stop; from `app.close()` on Fastify itself answers 503 to everything. */
  readonly isStopping?: () => boolean;
  /** How long one check may take, in ms. */
  readonly timeoutMs?: number;
}

// Below the usual timeout of a container's health check (3 to 5 s), so that the answer names what hangs.
const CHECK_TIMEOUT_MS = 2000;

const Alive = Type.Object({ status: Type.Literal("ok") }, { description: "The process is alive" });
const Readiness = Type.Object({
  status: Type.Enum(["ready", "not_ready"]),
  stopping: Type.Optional(Type.Boolean({ description: "The service is stopping and takes no more work." })),
  checks: Type.Record(
    Type.String(),
    Type.Object({ status: Type.Enum(["ok", "down"]), detail: Type.Optional(Type.String()) }),
  ),
});
const Ready = Type.Object(Readiness.properties, { description: "Every dependency answers" });
const NotReady = Type.Object(Readiness.properties, { description: "A dependency is down, or the service is stopping" });
type Readiness = Static<typeof Readiness>;

/**
 * Serves `GET /healthz` (the process is alive) and `GET /readyz` (each dependency by name, asked in parallel; 503 when
 * one is down or the service is stopping). A dependency that goes down or comes back is logged once, as
 * `readiness.changed`.
 */
export const healthRoutes = fp<HealthRoutesOptions>(
  async (app, { checks, isStopping, timeoutMs = CHECK_TIMEOUT_MS }) => {
    const readReadiness = createReadinessReader(app.log, checks, timeoutMs);
    const config = { logAtDebug: true };
    const tags = ["operations"];

    const alive = { summary: "Whether the process is alive", tags, response: { 200: Alive } };
    app.get("/healthz", { schema: alive, config }, async () => ({ status: "ok" }));

    const ready = { summary: "Whether every dependency answers", tags, response: { 200: Ready, 503: NotReady } };
    app.get("/readyz", { schema: ready, config }, async (_request, reply) => {
      const stopping = isStopping?.() === true;
      const readiness: Readiness = stopping ? { status: "not_ready", stopping, checks: {} } : await readReadiness();
      return reply.code(readiness.status === "ready" ? 200 : 503).send(readiness);
    });
  },
  { name: "health-routes" },
);

function createReadinessReader(
  log: FastifyBaseLogger,
  checks: readonly ReadinessCheck[],
  timeoutMs: number,
): () => Promise<Readiness> {
  const probes = checks.map((check) => ({ name: check.name, probe: createReadinessProbe(check, timeoutMs) }));
  const known = new Map<string, boolean>();

  function logChange(name: string, { ok, detail, error }: ProbeResult): void {
    if ((known.get(name) ?? true) === ok) return;
    known.set(name, ok);
    log[ok ? "info" : "warn"]({
      event: "readiness.changed",
      dependency: name,
      status: ok ? "ok" : "down",
      ...(detail === undefined ? {} : { detail }),
      ...(error === undefined ? {} : { err: error }),
    });
  }

  return async function readReadiness() {
    const results = await Promise.all(
      probes.map(async ({ name, probe }) => {
        const result = await probe();
        logChange(name, result);
        return { name, ...result };
      }),
    );
    return {
      status: results.every(({ ok }) => ok) ? "ready" : "not_ready",
      checks: Object.fromEntries(
        results.map(({ name, ok, detail }) => [
          name,
          { status: ok ? "ok" : "down", ...(detail === undefined ? {} : { detail }) },
        ]),
      ),
    };
  };
}
