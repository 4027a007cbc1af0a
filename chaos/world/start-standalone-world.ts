import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { findRunningPostgres, hasCode, readClusterVersion } from "@sms-gateway/embedded-postgres";
import { findFreePort, openUnrulyCarriers } from "@sms-gateway/testkit";
import { makeSharedSettings } from "./base-settings.ts";
import { makeKeys } from "./make-keys.ts";
import { createBuiltService, endService, toUrl } from "./start-docker-world.ts";
import type { StandaloneWorld } from "./world.ts";

export interface StandaloneWorldOptions {
  readonly folder: string;
}

const DATA_FOLDER = "postgres";

/** Starts the standalone process with its embedded Postgres, and the lab; resolves when both are ready. */
export async function startStandaloneWorld({ folder }: StandaloneWorldOptions): Promise<StandaloneWorld> {
  // Postgres must not run as root, and its user has to reach the folder.
  await chmod(folder, 0o755);
  const dataDir = join(folder, DATA_FOLDER);
  const inboxFile = join(folder, "inbox.jsonl");
  const shared = makeSharedSettings();
  const carriers = await openUnrulyCarriers();
  const [gatewayPort, workerPort, labPort] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const [gatewayUrl, workerUrl, labUrl] = [toUrl(gatewayPort), toUrl(workerPort), toUrl(labPort)];
  carriers.setLab(labUrl);
  const lab = createBuiltService(folder, {
    name: "lab",
    script: "carrier-lab",
    readyUrl: `${labUrl}/healthz`,
    settings: { ...shared.common, LAB_PORT: `${labPort}`, LAB_TOKEN: shared.labToken, LAB_INBOX_FILE: inboxFile },
  });
  const standalone = createBuiltService(folder, {
    name: "standalone",
    script: "standalone",
    readyUrl: `${gatewayUrl}/readyz`,
    settings: {
      ...shared.common,
      GATEWAY_HOST: "127.0.0.1",
      GATEWAY_PORT: `${gatewayPort}`,
      WORKER_HOST: "127.0.0.1",
      WORKER_PORT: `${workerPort}`,
      LAB_URL: carriers.url,
      LAB_TOKEN: shared.labToken,
      BOOTSTRAP_API_KEY: shared.apiKey,
      EMBEDDED_POSTGRES_DIR: dataDir,
    },
  });
  const stop = async (): Promise<readonly string[]> => {
    const ends = await Promise.all([lab, standalone].map(endService));
    await carriers.close();
    return ends.flat();
  };
  try {
    await Promise.all([lab.start(), standalone.start()]);
    const databaseUrl = await findRunningPostgres(dataDir);
    if (databaseUrl === undefined) throw new Error("the standalone process runs without its Postgres");
    return {
      shape: "standalone",
      folder,
      standalone,
      readPostgresPid: () => readPostmasterPid(folder),
      gatewayUrls: [gatewayUrl],
      workerUrls: [workerUrl],
      labUrl,
      inboxFile,
      carriers,
      keys: await makeKeys(databaseUrl, [gatewayUrl], shared.apiKey),
      servers: [`embedded PostgreSQL ${await readClusterVersion(join(dataDir, "cluster"))}`],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Of the embedded Postgres of the world in a folder; undefined while none runs, or in a world without one. */
export async function readPostmasterPid(folder: string): Promise<number | undefined> {
  try {
    const [pid = ""] = (await readFile(join(folder, DATA_FOLDER, "cluster", "postmaster.pid"), "utf8")).split("\n");
    return Number(pid) || undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
