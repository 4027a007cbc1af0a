import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createService, findFreePort, type Service, type Settings } from "@sms-gateway/testkit";
import { openFace, type ProductFace, startTogether, WITHOUT_LIMITS } from "./product-face.ts";
import { createTraces } from "./traces.ts";

/** The standalone shape: one process of ours, its embedded Postgres, and the carrier lab beside it. */
export interface Standalone extends ProductFace {
  readonly standalone: Service;
  readonly lab: Service;
  readonly workerUrl: string;
  /** Pid of the embedded Postgres that runs on the data folder, or ran last. */
  readPostgresPid(): Promise<number>;
  stop(): Promise<void>;
}

export interface StandaloneOptions {
  readonly settings?: Settings;
  /** Where the embedded Postgres keeps its data; below a folder that everybody may enter. Default: one of its own. */
  readonly postgresDir?: string;
}

/** Starts it on free ports with data of its own; resolves when it is ready. */
export async function startStandalone({ settings = {}, postgresDir }: StandaloneOptions = {}): Promise<Standalone> {
  const traces = createTraces();
  const folder = await mkdtemp(join(tmpdir(), "sms-gateway-standalone-"));
  // mkdtemp lets nobody else in, and Postgres must not run as root.
  await chmod(folder, 0o755);
  const dataDir = postgresDir ?? join(folder, "postgres");
  const apiKey = `sk_test_${randomBytes(16).toString("hex")}`;
  const [idSecret, internalToken, labToken] = [newSecret(), newSecret(), newSecret()];
  for (const secret of [apiKey, idSecret, internalToken, labToken]) traces.addSecret(secret);
  const [gatewayPort, workerPort, labPort] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
  const workerUrl = `http://127.0.0.1:${workerPort}`;
  const labUrl = `http://127.0.0.1:${labPort}`;
  const standalone = createService({
    name: "standalone",
    main: "services/standalone/src/main.ts",
    settings: {
      ...WITHOUT_LIMITS,
      GATEWAY_HOST: "127.0.0.1",
      GATEWAY_PORT: `${gatewayPort}`,
      WORKER_HOST: "127.0.0.1",
      WORKER_PORT: `${workerPort}`,
      LAB_PORT: `${labPort}`,
      LAB_TOKEN: labToken,
      ID_SECRET: idSecret,
      INTERNAL_TOKEN: internalToken,
      BOOTSTRAP_API_KEY: apiKey,
      EMBEDDED_POSTGRES_DIR: dataDir,
      ...settings,
    },
    readyUrl: `${gatewayUrl}/readyz`,
  });
  const lab = createService({
    name: "lab",
    main: "services/carrier-lab/src/main.ts",
    settings: { LAB_PORT: `${labPort}`, LAB_TOKEN: labToken, LAB_INBOX_FILE: join(folder, "inbox.jsonl") },
    readyUrl: `${labUrl}/healthz`,
  });
  const services = [standalone, lab];
  const stop = async (): Promise<void> => {
    await Promise.all(services.filter((service) => service.isRunning()).map((service) => service.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  await startTogether(services, stop);
  return {
    ...openFace({ gatewayUrl, labUrl, apiKey, traces, services }),
    standalone,
    lab,
    workerUrl,
    readPostgresPid: () => readPostmasterPid(dataDir),
    stop,
  };
}

function newSecret(): string {
  return randomBytes(32).toString("hex");
}

async function readPostmasterPid(dataDir: string): Promise<number> {
  const [pid = ""] = (await readFile(join(dataDir, "cluster", "postmaster.pid"), "utf8")).split("\n");
  return Number(pid);
}
