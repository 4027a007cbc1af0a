import { createHash, randomBytes } from "node:crypto";
import pg from "pg";

/** How the tables come into a database. */
export type DatabaseTemplate = {
  /** What the tables depend on, such as the text of all migrations: another key makes another template. */
  readonly key: string;
  /** Makes them in the empty database of that URL and closes every connection to it. */
  readonly migrate: (url: string) => Promise<void>;
};

/** A database of one test file's own. */
export type TestDatabase = {
  readonly url: string;
  /** Removes it, ending connections that are still open. */
  drop(): Promise<void>;
};

const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 120_000;

/**
 * Creates a database with a random name, empty or cloned from a template. The template is migrated once per server
 * and key, by whoever comes first; all others wait and clone it, which takes a fraction of the time.
 * @param adminUrl a database of the server whose user may create databases
 */
export async function createTestDatabase(
  adminUrl: string,
  options: { readonly template?: DatabaseTemplate } = {},
): Promise<TestDatabase> {
  const name = `sms_test_${randomBytes(8).toString("hex")}`;
  const template = options.template === undefined ? "template1" : await ensureTemplate(adminUrl, options.template);
  await withClient(adminUrl, (client) => client.query(`create database ${name} template ${template}`));
  return {
    url: withDatabase(adminUrl, name),
    drop: async () => {
      await withClient(adminUrl, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

async function ensureTemplate(adminUrl: string, { key, migrate }: DatabaseTemplate): Promise<string> {
  const digest = createHash("sha256").update(key).digest("hex").slice(0, 16);
  const name = `sms_template_${digest}`;
  await withClient(adminUrl, async (client) => {
    // Held by this connection until it closes, so that a test process that dies leaves no lock.
    await client.query("select pg_advisory_lock(hashtextextended($1, 0))", [name]);
    const { rowCount } = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (rowCount !== 0) return;
    // Renamed only when whole: a migration that fails, or is killed, leaves nothing that looks like a template.
    await client.query(`drop database if exists ${name}_new with (force)`);
    await client.query(`create database ${name}_new`);
    await migrate(withDatabase(adminUrl, `${name}_new`));
    await client.query(`alter database ${name}_new rename to ${name}`);
    // A stray connection to the template would make every clone fail.
    await client.query(`alter database ${name} allow_connections false`);
  });
  return name;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  // A connection lost while it is closed is nobody's concern; a failed statement rejects by itself.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
