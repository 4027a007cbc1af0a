import type { DirectorySnapshot } from "@sms-gateway/contracts";
import {
  createTestDatabase,
  describeWith,
  describeWithOwn,
  directoryContract,
  newSnapshot,
  waitFor,
} from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDbDirectory, createDbDirectoryPublisher, type Database, migrate, openDatabase } from "../src/index.ts";
import { inTransaction } from "../src/transaction.ts";

const CAPABILITIES = { message_types: ["text" as const, "binary" as const], alphanumeric_senders: true };

/** A migrated database before it is seeded. */
async function openEmpty(url: string): Promise<Database> {
  const db = openDatabase({ url, poolMax: 8 });
  await migrate(db);
  return db;
}

/** Replaces the directory's tables by these rows: what an administrator's actions would have made. */
async function put(db: Database, { version, clients, keys, providers }: DirectorySnapshot): Promise<void> {
  await inTransaction(db, async (tx) => {
    for (const table of ["api_keys", "clients", "provider_accounts", "providers"])
      await tx.query(`delete from ${table}`);
    const clientColumns =
      "id, name, active, time_zone, rate_per_second, rate_per_minute, rate_per_hour, daily_quota, sender";
    await tx.query(
      `insert into clients (${clientColumns}) select ${clientColumns} from jsonb_populate_recordset(null::clients, $1)`,
      [JSON.stringify(clients)],
    );
    const keyColumns = "id, client_id, prefix, hash, kind, scopes, expires_at";
    await tx.query(
      `insert into api_keys (${keyColumns}) select ${keyColumns} from jsonb_populate_recordset(null::api_keys, $1)`,
      [JSON.stringify(keys.map((key) => ({ ...key, prefix: key.hash })))],
    );
    const providerColumns = "name, enabled, paused, priority";
    await tx.query(
      `insert into providers (${providerColumns})
       select ${providerColumns} from jsonb_populate_recordset(null::providers, $1)`,
      [JSON.stringify(providers)],
    );
    await tx.query("insert into provider_accounts (provider, kind, adapter) select name, 'lab', name from providers");
    await tx.query("update directory_version set version = $1", [version]);
  });
}

function openDirectories(db: Database) {
  const closings: (() => Promise<void>)[] = [];
  return {
    openDirectory: async (options = {}) => {
      const directory = createDbDirectory(db, () => CAPABILITIES, options);
      closings.push(directory.close);
      return directory;
    },
    openPublisher: async () => createDbDirectoryPublisher(db),
    put: (snapshot: DirectorySnapshot) => put(db, snapshot),
    close: async () => {
      for (const close of closings) await close();
    },
  };
}

describeWith("postgres", "the directory on Postgres", (adminUrl) => {
  let db: Database;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const database = await createTestDatabase(adminUrl);
    drop = database.drop;
    db = await openEmpty(database.url);
  });
  afterAll(async () => {
    await db.close();
    await drop();
  });

  const empty = () => put(db, { version: 1, clients: [], keys: [], providers: [] });

  directoryContract("db", async () => {
    await empty();
    return openDirectories(db);
  });

  it("follows a database that was restored to an older state", async () => {
    const { openDirectory, close } = openDirectories(db);
    await put(db, newSnapshot(9, ["new"]));
    const directory = await openDirectory();
    await directory.refresh();
    await put(db, newSnapshot(4, ["old"]));
    await directory.refresh();
    expect([directory.version(), (await directory.findKey("old"))?.hash]).toEqual([4, "old"]);
    expect(await directory.findKey("new")).toBeUndefined();
    await close();
  });

  it("publishes no copy that is newer than its tables, which were restored to an older state", async () => {
    const publisher = createDbDirectoryPublisher(db);
    await put(db, newSnapshot(4, ["old"]));
    await expect(publisher.publish(newSnapshot(9, ["new"]))).rejects.toThrow(/version 9 .* holds 4/);
    expect(await publisher.publishedVersion()).toBe(4);
  });

  it("says what is wrong while the tables are not there yet, and takes them as soon as they are", async () => {
    const database = await createTestDatabase(adminUrl);
    const unmigrated = openDatabase({ url: database.url, poolMax: 2 });
    const directory = createDbDirectory(unmigrated, () => CAPABILITIES, { refreshEveryMs: 50 });
    await waitFor(() => directory.health().detail?.includes("cannot be read"), { what: "the first read" });
    expect(directory.loaded()).toBe(false);
    await migrate(unmigrated);
    await put(unmigrated, newSnapshot(2));
    await waitFor(() => directory.loaded(), { what: "the first copy" });
    expect(directory.version()).toBe(2);
    await directory.close();
    await unmigrated.close();
    await database.drop();
  });
});

describeWithOwn("postgres", "the directory when its Postgres is away", (start) => {
  it("keeps its copy, says so, and reads on when it is back", async () => {
    const server = await start();
    const db = await openEmpty(server.url);
    await put(db, newSnapshot(5));
    const directory = createDbDirectory(db, () => CAPABILITIES, { refreshEveryMs: 50 });
    await waitFor(() => directory.loaded(), { what: "the first copy" });

    await server.stop();
    await waitFor(() => !directory.health().ok, { what: "the loss to be noticed" });
    expect(directory.health().detail).toContain("version 5 is kept");
    expect([directory.loaded(), directory.version()]).toEqual([true, 5]);
    expect((await directory.findKey("key"))?.hash).toBe("key");
    expect(await directory.findKey("unknown")).toBeUndefined();

    await server.start();
    await waitFor(() => directory.health().ok, { what: "the directory to reach Postgres again" });
    await put(db, newSnapshot(6, ["new"]));
    await waitFor(() => directory.version() === 6, { what: "the newer version" });
    await directory.close();
    await db.close();
  });
});
