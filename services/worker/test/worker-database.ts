import { PROVIDER_NAMES } from "@sms-gateway/contracts";
import {
  type Database,
  ensurePartitions,
  loadDirectorySnapshot,
  migrate,
  openDatabase,
  readDirectoryVersion,
  seedDirectory,
  setProviderAccounts,
} from "@sms-gateway/db";
import { createLogger, createMetrics, type Logger, type Metrics } from "@sms-gateway/runtime";
import { createTestDatabase } from "@sms-gateway/testkit";
import { capabilitiesOf } from "../src/accounts/provider-accounts.ts";
import { createKnownDirectory, type KnownDirectory } from "../src/directory/known-directory.ts";
import { createWorkerMetrics, type WorkerMetrics } from "../src/metrics.ts";

/** The parts of a worker that need nothing but a database, on one of their own. */
export interface WorkerDatabase {
  readonly url: string;
  readonly db: Database;
  readonly directory: KnownDirectory;
  readonly metrics: WorkerMetrics;
  readonly registry: Metrics["registry"];
  readonly logger: Logger;
  readonly log: readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

/** Every provider enabled, with an account in the lab, all of one priority. */
export async function openWorkerDatabase(adminUrl: string): Promise<WorkerDatabase> {
  const { url, drop } = await createTestDatabase(adminUrl);
  const db = openDatabase({ url, poolMax: 4 });
  await migrate(db);
  await ensurePartitions(db, new Date());
  await seedDirectory(db, {
    client: { name: "default" },
    key: { kind: "test", scopes: ["send"], hash: "a".repeat(64), prefix: "aaaaaaaa" },
    providers: PROVIDER_NAMES.map((name) => ({ name, priority: 10 })),
  });
  await setProviderAccounts(
    db,
    PROVIDER_NAMES.map((provider) => ({ provider, kind: "lab" as const, adapter: "twilio" })),
  );
  const directory = createKnownDirectory({
    readVersion: () => readDirectoryVersion(db),
    load: () => loadDirectorySnapshot(db, capabilitiesOf),
  });
  await directory.refresh();
  const log: Readonly<Record<string, unknown>>[] = [];
  const destination = { write: (line: string) => void log.push(JSON.parse(line)) };
  const metrics = createMetrics("worker");
  return {
    url,
    db,
    directory,
    metrics: createWorkerMetrics(metrics),
    registry: metrics.registry,
    logger: createLogger({ service: "worker", level: "info", destination }),
    log,
    async close() {
      await db.close();
      await drop();
    },
  };
}
