import { collectDefaultMetrics, Registry } from "prom-client";

/** The metrics of one process. Services declare their own with prom-client and `registers: [metrics.registry]`. */
export interface Metrics {
  readonly registry: Registry;
}

/**
 * Creates a registry of its own (never prom-client's global one, so that two services in one process do not mix) with
 * the default process metrics in it; every sample carries the label `service`.
 */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return { registry };
}
