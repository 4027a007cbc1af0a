import type pg from "pg";
import { connectionsOf, type Database } from "../connections.ts";

/**
 * Both kinds of connections find groups by their index alone: the table is empty one moment and full the next, so the
 * planner's statistics are always wrong, and one scan or sort of a backlog would be paid by every group in it.
 */
const INDEX_ONLY = "-c enable_seqscan=off -c enable_bitmapscan=off -c plan_cache_mode=force_generic_plan";
/** The server ends a publish before we give up on it, which makes its ending certain. */
const PUBLISH_STATEMENT_LIMIT_MS = 1800;
const CONSUME_STATEMENT_LIMIT_MS = 5000;
/** A consumer that shows no sign of life for so long loses what it holds; one that works asks every few seconds. */
const IDLE_LIMIT_MS = 60_000;

/** How connections for publishing and for counting are opened. Whatever the server's default, "confirmed" means on disk. */
export function describePublishing(db: Database): pg.ClientConfig {
  const { config } = connectionsOf(db);
  return {
    ...config,
    statement_timeout: PUBLISH_STATEMENT_LIMIT_MS,
    application_name: "sms-gateway queue publisher",
    options: `${config.options ?? ""} ${INDEX_ONLY} -c synchronous_commit=on`,
  };
}

/**
 * How a consumer's connection is opened. It does not wait for the disk: after a crash of the server the batches of its
 * last fraction of a second come again, which consumers must bear anyhow. Dead letters lose nothing by it, since they
 * are written and their groups removed in one transaction.
 */
export function describeConsuming(db: Database): pg.ClientConfig {
  const { config } = connectionsOf(db);
  return {
    ...config,
    statement_timeout: CONSUME_STATEMENT_LIMIT_MS,
    idle_in_transaction_session_timeout: IDLE_LIMIT_MS,
    application_name: "sms-gateway queue consumer",
    options: `${config.options ?? ""} ${INDEX_ONLY} -c synchronous_commit=off`,
  };
}
