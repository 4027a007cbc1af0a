import { buildCarrierLab, type CarrierLabOptions } from "@sms-gateway/carrier-lab";
import { createLogger, maskSettings, openLogFile, type RunningService, runService } from "@sms-gateway/runtime";
import Fastify, { type FastifyInstance } from "fastify";
import { type CarrierLabSettings, carrierLabSettings, loadCarrierLabSettings, readLogFile } from "./config.ts";

/** Submits and their last reports are done well within this; a container is given 20 s. */
const STOP_TIMEOUT_MS = 10_000;

const logFile = readLogFile();
const destination = logFile === undefined ? {} : { destination: openLogFile({ path: logFile }) };
const logger = createLogger({ service: "carrier-lab", level: "info", ...destination });

await runService({ name: "carrier-lab", logger, start: startCarrierLab, stopTimeoutMs: STOP_TIMEOUT_MS });

async function startCarrierLab(): Promise<RunningService> {
  const settings = loadCarrierLabSettings();
  logger.info({ event: "service.settings", settings: maskSettings(carrierLabSettings, settings) });
  logger.level = settings.LOG_LEVEL;
  const lab = settings.LAB ? await buildCarrierLab(labOptions(settings)) : buildNoLab();
  const address = await lab.listen({ host: settings.LAB_HOST, port: settings.LAB_PORT });
  logger.info({ event: "lab.listening", address });
  return { stop: async () => lab.close() };
}

function labOptions(settings: CarrierLabSettings): CarrierLabOptions {
  return {
    labToken: settings.LAB_TOKEN,
    inboxFile: settings.LAB_INBOX_FILE,
    trustNetwork: settings.LAB_TRUST_NETWORK,
    deliveryDelayMs: settings.LAB_DELIVERY_DELAY_MS,
    logger,
  };
}

/** LAB=false: no carriers, but a process that lives, since Compose counts one that ends as a failed start. */
function buildNoLab(): FastifyInstance {
  logger.info({ event: "lab.off" }, "LAB=false: no carriers are simulated");
  const app = Fastify();
  app.get("/healthz", async () => ({ status: "ok" }));
  return app;
}
