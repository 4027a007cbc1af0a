import type { Admission, Directory, MessageQueue } from "@sms-gateway/contracts";
import { createLogger, createMetrics, loadSettings } from "@sms-gateway/runtime";
import { type GatewayDeps, gatewaySettings } from "../src/index.ts";

/** What the gateway is built from where nothing is sent: for its document, its own answers and what it forwards. */
export function inertDeps(settings: Readonly<Record<string, string>> = {}, log: string[] = []): GatewayDeps {
  const unused = () => Promise.reject(new Error("not for sending"));
  const queue: MessageQueue = {
    publishAccepted: unused,
    publishReports: unused,
    consumeAccepted: unused,
    consumeReports: unused,
    consumeDead: unused,
    republish: unused,
    depths: unused,
    health: () => ({ ok: true }),
    close: async () => undefined,
  };
  const admission: Admission = {
    admit: unused,
    settle: unused,
    release: unused,
    abandon: unused,
    health: async () => ({ ok: false, detail: "inert" }),
    close: async () => undefined,
  };
  const directory: Directory = {
    loaded: () => true,
    version: () => 1,
    findKey: async () => undefined,
    client: () => undefined,
    providers: () => [],
    refresh: async () => undefined,
    health: () => ({ ok: true }),
    close: async () => undefined,
  };
  return {
    settings: loadSettings(gatewaySettings, settings),
    logger: createLogger({ service: "gateway", level: "trace", destination: { write: (line) => void log.push(line) } }),
    metrics: createMetrics("gateway"),
    queue,
    admission,
    store: "redis",
    directory,
    now: Date.now,
  };
}
