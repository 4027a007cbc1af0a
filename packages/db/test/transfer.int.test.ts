import { once } from "node:events";
import { PassThrough, Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";
import { createTestDatabase, describeWith } from "@sms-gateway/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  changeMessages,
  claimDue,
  createClient,
  type Database,
  DatabaseUnavailableError,
  ensurePartitions,
  exportData,
  importData,
  keepDeadLetters,
  listDeadLetters,
  migrate,
  type NewParkedReport,
  openDatabase,
  parkReport,
  readDirectoryVersion,
  recordAccepted,
  seedDirectory,
  TransferError,
} from "../src/index.ts";
import { readMigrations } from "../src/migrations/read-migrations.ts";
import { ask, count } from "./ask.ts";
import { keyFacts, makeRow, makeRows } from "./record-rows.ts";
import { SEED } from "./test-database.ts";

/** Months for which no new installation has a partition. */
const LONG_AGO = new Date("2025-03-15T12:00:00Z");
/** The standalone shape. */
const HERE = { consumesQueue: true };
const AWKWARD_TEXT = "\\.\n\\.\r\n\ttab \\N \\\\ 'quoted' \"twice\" {a,b} 👋 \u0001 ÄÖ";

describeWith("postgres", "the transfer of an installation", (adminUrl) => {
  const cleanups: (() => Promise<void>)[] = [];
  let source: Database;
  let file: Buffer;
  beforeAll(async () => {
    source = await openInstallation();
    await fill(source);
    file = await exportToBuffer(source);
  });
  afterAll(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  /** As a worker leaves it after its first start. */
  async function openInstallation(): Promise<Database> {
    const key = JSON.stringify(["transfer", await readMigrations(), new Date().toISOString().slice(0, 7), SEED]);
    return await open({ key, migrate: prepare });
  }

  async function open(template?: { key: string; migrate(url: string): Promise<void> }): Promise<Database> {
    const database = await createTestDatabase(adminUrl, template === undefined ? {} : { template });
    cleanups.push(database.drop);
    const db = openDatabase({ url: database.url, poolMax: 4 });
    cleanups.push(() => db.close());
    return db;
  }

  async function exportToBuffer(db: Database): Promise<Buffer> {
    const stream = new PassThrough();
    const [file] = await Promise.all([buffer(stream), exportData(db, stream)]);
    return file;
  }

  test("with accepted messages in its queue is refused where nobody would take them", async () => {
    const queueing = await openInstallation();
    await ask(
      queueing,
      "insert into queue_groups (queue, publish_id, envelopes, body) values ('sms.accepted.high', gen_random_uuid(), 1, '{}')",
    );
    const waiting = await exportToBuffer(queueing);
    const target = await openInstallation();
    const importing = importData(target, Readable.from([waiting]), { consumesQueue: false });
    await expect(importing).rejects.toThrow(/1 groups of messages .* not yet recorded/);
    expect(await count(target, "queue_groups")).toBe(0);
    await importData(target, Readable.from([waiting]), HERE);
    expect(await count(target, "queue_groups")).toBe(1);
    // One with an empty queue is taken anywhere.
    await importData(await openInstallation(), Readable.from([file]), { consumesQueue: false });
  });

  test("takes the queue's dead letters where operators find them when nobody takes them from the queue", async () => {
    const target = await openInstallation();
    await importData(target, Readable.from([file]), { consumesQueue: false });
    expect(await count(target, "queue_dead_letters")).toBe(0);
    const { items } = await listDeadLetters(target, { limit: 10, bodyBytesMax: 1_000 });
    // The one that was kept already is the older.
    expect(items.map(({ id, problem }) => [id, problem])).toEqual([
      [expect.stringMatching(/^[0-9a-f-]{36}\/all$/), AWKWARD_TEXT],
      [AWKWARD_TEXT, "\\."],
    ]);
    expect(items[0]).toMatchObject({ queue: "q", bytes: 256, partIndex: null });
  });

  test("brings every row of every table into a new installation, into the partition of its month, and back", async () => {
    const target = await openInstallation();
    const tables = await importData(target, Readable.from([file]), HERE);
    expect(tables.find(({ name }) => name === "messages")?.rows).toBe(32);
    const digests = await digestTables(source);
    expect(await digestTables(target)).toEqual(digests);
    expect(await count(target, "messages_2025_03")).toBe(10);
    expect(await count(target, "events_2025_03")).toBeGreaterThan(10);
    expect((await ensurePartitions(target, new Date())).nonEmptyDefaults).toEqual([]);
    const third = await openInstallation();
    await importData(third, Readable.from([await exportToBuffer(target)]), HERE);
    expect(await digestTables(third)).toEqual(digests);
  });

  test("lets sequences go on where they were", async () => {
    const target = await openInstallation();
    await importData(target, Readable.from([file]), HERE);
    const before = await highest(target);
    await recordAccepted(target, [makeRow()]);
    await parkReport(target, makeReport("SM3"));
    const after = await highest(target);
    expect(after.position).toBeGreaterThan(before.position);
    expect(after.report).toBe(before.report + 1);
  });

  test("raises the directory's version above both, so that workers and gateways that run take the imported one", async () => {
    const target = await openInstallation();
    const ahead = Date.now() + 86_400_000;
    await ask(target, `update directory_version set version = ${ahead}`);
    await importData(target, Readable.from([file]), HERE);
    const version = await readDirectoryVersion(target);
    expect(version).toBeGreaterThan(ahead);
    expect(version).toBeGreaterThan(await readDirectoryVersion(source));
  });

  test("exports one moment while others go on writing", async () => {
    const busy = await openInstallation();
    await recordAccepted(busy, makeRows(2_000, { text: "x".repeat(500) }));
    const stream = new PassThrough({ highWaterMark: 1 });
    const exporting = exportData(busy, stream);
    // The first bytes are there: the moment has passed.
    await once(stream, "readable");
    await recordAccepted(busy, makeRows(10));
    await ask(busy, "delete from providers where name = 'plivo'");
    const [moment, tables] = await Promise.all([buffer(stream), exporting]);
    expect(tables.find(({ name }) => name === "messages")?.rows).toBe(2_000);
    const target = await openInstallation();
    await importData(target, Readable.from([moment]), HERE);
    expect(await count(target, "messages")).toBe(2_000);
    expect(await count(target, "events")).toBe(4_000);
    expect(await count(target, "providers", "name = 'plivo'")).toBe(1);
  });

  test.each<[string, (db: Database) => Promise<unknown>, RegExp]>([
    ["with a message", (db) => recordAccepted(db, [makeRow()]), /in use, table (attempts|events|messages) holds rows/],
    ["with a client of somebody", (db) => createClient(db, { name: "acme" }), /in use, table clients holds rows/],
    ["that was imported into before", (db) => importData(db, Readable.from([file]), HERE), /in use/],
    [
      "of an older version",
      (db) => ask(db, "delete from _prisma_migrations where migration_name = '20261121100100_create_messages'"),
      /comes from a newer version, with migration 20261121100100_create_messages/,
    ],
    [
      "of a newer version",
      (db) =>
        ask(
          db,
          "insert into _prisma_migrations (id, checksum, migration_name, finished_at) values ('x', 'x', '3_newer', now())",
        ),
      /comes from an older version, without migration 3_newer/,
    ],
    ["with a table of its own", (db) => ask(db, "create table extra (id int)"), /table extra is not in the file/],
    [
      "with a column of its own",
      (db) => ask(db, "alter table clients add extra int"),
      /table clients has other columns in the file/,
    ],
  ])("refuses a database %s and leaves it as it is", async (_which, change, reason) => {
    const target = await openInstallation();
    await change(target);
    const before = await digestTables(target);
    const importing = importData(target, Readable.from([file]), HERE);
    await expect(importing).rejects.toThrow(reason);
    await expect(importing).rejects.toBeInstanceOf(TransferError);
    expect(await digestTables(target)).toEqual(before);
  });

  test("refuses a database without tables, on either side", async () => {
    const empty = await open();
    await expect(exportData(empty, new PassThrough())).rejects.toThrow(/no tables yet/);
    await expect(importData(empty, Readable.from([file]), HERE)).rejects.toThrow(/no tables yet/);
  });

  let untouched: Database | undefined;

  test.each<[string, (file: Buffer) => Buffer, RegExp]>([
    ["is cut off in its first bytes", (file) => file.subarray(0, 5), /cut off/],
    ["is cut off in the middle", (file) => file.subarray(0, file.length >> 1), /cut off/],
    ["is cut off at its end", (file) => file.subarray(0, -1), /cut off/],
    ["is something else", () => Buffer.from("PGDMP"), /no export of an installation, or it is damaged/],
    ["is zipped, and something else", () => gzipSync("create table x ();\n"), /no export of an installation/],
    ["lacks a row", edit((text) => text.replace(/^aws_sns\t.*\n/m, "")), /holds 4 rows of providers.*header says 5/],
    [
      "has a row twice",
      edit((text) => text.replace(/^(aws_sns\t.*\n)/m, "$1$1")),
      /rows of providers cannot be stored/,
    ],
    [
      "has a row of another shape",
      edit((text) => text.replace(/^aws_sns\t/m, "")),
      /rows of providers cannot be stored/,
    ],
    ["goes on after its end", edit((text) => `${text}more\n`), /goes on/],
  ])("refuses a file that %s and leaves the database as it is", async (_which, change, reason) => {
    untouched ??= await openInstallation();
    const before = await digestTables(untouched);
    const importing = importData(untouched, Readable.from(inPieces(change(file))), HERE);
    await expect(importing).rejects.toThrow(reason);
    await expect(importing).rejects.toBeInstanceOf(TransferError);
    expect(await digestTables(untouched)).toEqual(before);
    expect(await count(untouched, "pg_class", "relname = 'messages_2025_03'")).toBe(0);
  });

  test("rejects when the database ends the connection, in either direction", async () => {
    const large = await openInstallation();
    await recordAccepted(large, makeRows(5_000, { text: "x".repeat(1_000) }));
    const slow = new PassThrough({ highWaterMark: 1 });
    // Expected before the connections are ended: it may reject while they still are.
    const refusedExport = expect(exportData(large, slow)).rejects.toBeInstanceOf(DatabaseUnavailableError);
    await once(slow, "readable");
    await endOthers(large);
    slow.resume();
    await refusedExport;

    const whole = await exportToBuffer(large);
    const target = await openInstallation();
    const half = new PassThrough();
    half.write(whole.subarray(0, whole.length >> 1));
    const refusedImport = expect(importData(target, half, HERE)).rejects.toBeInstanceOf(DatabaseUnavailableError);
    const copying =
      "backend_type = 'client backend' and query like 'copy \"messages\"%' and datname = current_database()";
    await expect.poll(() => count(target, "pg_stat_activity", copying)).toBe(1);
    await endOthers(target);
    half.end(whole.subarray(whole.length >> 1));
    await refusedImport;
    expect(await count(target, "messages")).toBe(0);
  });

  test("rejects with the error of a file that cannot be written or read", async () => {
    const full = new Error("ENOSPC: no space left on device, write");
    const disk = new Writable({ write: (_chunk, _encoding, done) => done(full) });
    await expect(exportData(source, disk)).rejects.toBe(full);
    // Before the database has answered.
    const gone = new PassThrough();
    const refused = expect(exportData(source, gone)).rejects.toBe(full);
    gone.destroy(full);
    await refused;
    const broken = new Error("EIO: i/o error, read");
    async function* readHalf() {
      yield file.subarray(0, file.length >> 1);
      throw broken;
    }
    await expect(importData(await openInstallation(), Readable.from(readHalf()), HERE)).rejects.toBe(broken);
  });
});

async function prepare(url: string): Promise<void> {
  const db = openDatabase({ url, poolMax: 2 });
  await migrate(db);
  await ensurePartitions(db, new Date());
  await seedDirectory(db, SEED);
  await db.close();
}

/** Rows of many kinds: old and new months, binary, numbers, arrays, what COPY must escape. */
async function fill(db: Database): Promise<void> {
  await ensurePartitions(db, LONG_AGO);
  const metadata = { text: AWKWARD_TEXT, empty: "", nested: [1, null, { a: "\\." }] };
  await recordAccepted(db, makeRows(10, { acceptedAt: LONG_AGO, text: AWKWARD_TEXT }));
  await recordAccepted(db, makeRows(20, { text: AWKWARD_TEXT, metadata, providers: ["twilio", 'a,b"c\\'] }));
  await recordAccepted(db, [makeRow({ text: "\\.", ...keyFacts("one") }), makeRow({ text: "", recipientName: "" })]);
  const claim = { lane: "normal", provider: "twilio", slots: 5, leaseMs: 60_000, afterClientId: null } as const;
  const { messages } = await claimDue(db, claim);
  const attempts = [
    { number: 1, outcome: "accepted", providerMessageId: "SM1", price: { amount: "0.000012", currency: "EUR" } },
  ] as const;
  await changeMessages(
    db,
    messages.slice(0, 2).map(({ id }) => id),
    "submit",
    () => ({ status: "sent", attempts }),
  );
  await parkReport(db, makeReport("SM1"));
  await parkReport(db, makeReport("SM2"));
  await createClient(db, { name: AWKWARD_TEXT, sender: "\\N", dailyQuota: 5 });
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  await ask(
    db,
    "insert into queue_dead_letters (queue, problem, body, publish_id, published_at) values ('q', $1, $2, gen_random_uuid(), now())",
    [AWKWARD_TEXT, everyByte],
  );
  const letter = { id: AWKWARD_TEXT, queue: "q", problem: "\\.", partIndex: null, body: everyByte, buriedAt: LONG_AGO };
  await keepDeadLetters(db, [letter]);
}

function makeReport(providerMessageId: string): NewParkedReport {
  const receivedAt = new Date("2026-01-02T03:04:05.678Z");
  return { provider: "twilio", account: "lab", providerMessageId, report: { text: AWKWARD_TEXT }, receivedAt };
}

/** Of every table but the directory's version: how many rows, and a hash of them all. */
async function digestTables(db: Database): Promise<Record<string, unknown>> {
  const tables = await ask<{ name: string }>(
    db,
    `select c.relname::text as name from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname not in ('_prisma_migrations', 'directory_version')`,
  );
  const digests: Record<string, unknown> = {};
  for (const { name } of tables) {
    const [row] = await ask(
      db,
      `select count(*)::int as rows, md5(string_agg(t::text, ' ' order by t::text)) from ${name} t`,
    );
    digests[name] = row;
  }
  return digests;
}

async function highest(db: Database): Promise<{ position: number; report: number }> {
  const [row] = await ask<{ position: number; report: number }>(
    db,
    "select (select max(position)::int from events) as position, (select max(id)::int from parked_reports) as report",
  );
  return row ?? { position: 0, report: 0 };
}

/** An edit of the unzipped file. */
function edit(change: (text: string) => string): (file: Buffer) => Buffer {
  return (file) => gzipSync(Buffer.from(change(gunzipSync(file).toString("latin1")), "latin1"));
}

function inPieces(file: Buffer): Buffer[] {
  return Array.from({ length: Math.ceil(file.length / 100) }, (_, index) =>
    file.subarray(index * 100, index * 100 + 100),
  );
}

/** Ends every other connection to the database, as its administrator may. */
async function endOthers(db: Database): Promise<void> {
  await ask(
    db,
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );
}
