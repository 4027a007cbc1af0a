import { BOOTSTRAP_CLIENT_ID } from "@sms-gateway/contracts";
import { createTestDatabase } from "@sms-gateway/testkit";
import { afterAll, beforeAll } from "vitest";
import { type Database, ensurePartitions, migrate, openDatabase, seedDirectory } from "../src/index.ts";
import { readMigrations } from "../src/migrations/read-migrations.ts";

export const CLIENT_ID = BOOTSTRAP_CLIENT_ID;
export const PROVIDERS = ["twilio", "aws_sns", "plivo", "nexmo", "clickatell"];

export const SEED = {
  client: { name: "bootstrap" },
  key: { hash: "a".repeat(64), prefix: "b57410a7", kind: "test" as const, scopes: ["send", "read"] as const },
  providers: PROVIDERS.map((name, index) => ({ name, priority: index + 1, maxInFlight: 64 })),
};

/** A migrated database of the suite's own, with the present months and five providers, and pools that are closed after it. */
export function useDatabase(adminUrl: string): { open(poolMax?: number): Database; url(): string } {
  let url = "";
  let drop = async (): Promise<void> => undefined;
  const opened: Database[] = [];
  beforeAll(async () => {
    const key = JSON.stringify([await readMigrations(), new Date().toISOString().slice(0, 7), SEED]);
    const database = await createTestDatabase(adminUrl, { template: { key, migrate: prepare } });
    url = database.url;
    drop = database.drop;
  });
  afterAll(async () => {
    await Promise.all(opened.map((db) => db.close()));
    await drop();
  });
  return {
    open: (poolMax = 4) => {
      const db = openDatabase({ url, poolMax });
      opened.push(db);
      return db;
    },
    url: () => url,
  };
}

async function prepare(url: string): Promise<void> {
  const db = openDatabase({ url, poolMax: 2 });
  await migrate(db);
  await ensurePartitions(db, new Date());
  await seedDirectory(db, SEED);
  await db.close();
}
