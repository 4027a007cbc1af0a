import { randomUUID } from "node:crypto";
import type { MessageQueue } from "@sms-gateway/contracts";
import { createTestDatabase, type MessageQueueWorld, waitFor } from "@sms-gateway/testkit";
import {
  createDbQueue,
  type Database,
  type DbQueueEvent,
  type DbQueueOptions,
  migrate,
  openDatabase,
} from "../src/index.ts";
import { readMigrations } from "../src/migrations/read-migrations.ts";
import { ask } from "./ask.ts";

/** The queues of one test, in a database that has no others, with a way to look behind the adapter. */
export type DbQueueWorld = Omit<MessageQueueWorld, "open"> & {
  /** Past every adapter and every network in between. */
  readonly db: Database;
  /** Everything that the adapters of this world reported. */
  readonly events: DbQueueEvent[];
  open(options?: DbQueueOptions & { readonly url?: string }): Promise<MessageQueue>;
  /** The same, without waiting until it is ready. */
  create(options?: DbQueueOptions & { readonly url?: string }): MessageQueue;
};

interface PutGroup {
  readonly envelopes: number;
  readonly bytes: Buffer;
  readonly stamp: unknown;
}

/** Short, so that a test need not wait for a second. */
const RETAKE = { firstMs: 20, capMs: 100 };
const POLL_MS = 50;

/** A migrated database of the suite's own. */
export async function createQueueDatabase(adminUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  const key = JSON.stringify(["queue", await readMigrations()]);
  return await createTestDatabase(adminUrl, { template: { key, migrate: migrateAt } });
}

/** Empties the queues; only one world at a time publishes in a database. */
export async function openQueueWorld(url: string): Promise<DbQueueWorld> {
  const db = openDatabase({ url, poolMax: 2 });
  await ask(db, "truncate queue_groups, queue_dead_letters");
  const opened: { readonly queue: MessageQueue; readonly db: Database }[] = [];
  const events: DbQueueEvent[] = [];
  const create: DbQueueWorld["create"] = ({ url: other, ...options } = {}) => {
    const own = openDatabase({ url: other ?? url, poolMax: 1 });
    const onEvent = (event: DbQueueEvent): void => {
      events.push(event);
    };
    const queue = createDbQueue(own, { retake: RETAKE, pollMs: POLL_MS, onEvent, ...options });
    opened.push({ queue, db: own });
    return queue;
  };
  const put = async (queue: string, { envelopes, bytes, stamp }: PutGroup): Promise<void> => {
    const insert = "insert into queue_groups (queue, publish_id, envelopes, body, stamp) values ($1, $2, $3, $4, $5)";
    await ask(db, insert, [queue, randomUUID(), envelopes, bytes, stamp === undefined ? null : JSON.stringify(stamp)]);
  };
  return {
    db,
    events,
    create,
    open: async (options) => {
      const queue = create(options);
      await waitFor(() => queue.health().ok, { what: "a connection to the database" });
      return queue;
    },
    readsAhead: false,
    hasRepeated: () => events.some(({ event }) => event === "publish_repeated"),
    putGroup: (lane, envelopes, stamp) => {
      const bytes = Buffer.from(JSON.stringify({ type: "sms.accepted.group", version: 1, envelopes }));
      return put(`sms.accepted.${lane}`, { envelopes: envelopes.length, bytes, stamp });
    },
    putBytes: (name, bytes, stamp) =>
      put(name === "reports" ? "sms.reports" : `sms.accepted.${name}`, { envelopes: 1, bytes, stamp }),
    close: async () => {
      await Promise.all(opened.map(({ queue }) => queue.close()));
      await Promise.all([db, ...opened.map((one) => one.db)].map((one) => one.close()));
    },
  };
}

async function migrateAt(url: string): Promise<void> {
  const db = openDatabase({ url, poolMax: 1 });
  await migrate(db);
  await db.close();
}
