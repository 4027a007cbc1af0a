import { QUEUE_NAMES } from "@sms-gateway/contracts";
import { ChangeSignal, fullJitterMs, reasonOf, untilFirst, withinMs } from "@sms-gateway/waiting";
import pg from "pg";
import { HAS_GROUPS } from "../sql/has-groups.ts";
import { RECONNECT } from "./pauses.ts";
import type { ReportEvent } from "./queue-event.ts";

/** Two groups under way per lane, as many as the gateway sends, and as many for reports. */
const CONNECTIONS_MAX = 8;
/** For a free or a new connection. Short enough that a second try still fits into a publish's 5 s. */
const CONNECT_LIMIT_MS = 1500;
const PROBE_LIMIT_MS = 3000;
const IDLE_MS = 60_000;
/** Longer than a statement may take: what is under way on a retired pool is not cut off. */
const RETIRED_LIMIT_MS = 5000;
const CLOSE_LIMIT_MS = 1000;
/** A pool that lived this long was a good one: the next back-off starts small again. */
const GOOD_LIFE_MS = 10_000;

/**
 * Keeps a pool of connections for publishing, apart from the pool of the database, so that a worker which is busy with a
 * backlog refuses no request.
 *
 *   away ──connect──▶ probing ──▶ ready ── retired ──▶ away        any ──▶ closed
 *    ▲                   │
 *    └──── back-off ─────┘
 *
 * A pool is retired as a whole when one of its connections fails: where one has gone silent, the others have too, and each
 * would cost a publish two seconds. The probe reads the table, so a database without it counts as away.
 */
export class PoolKeeper {
  readonly #config: pg.ClientConfig;
  readonly #report: ReportEvent;
  readonly #changes = new ChangeSignal();
  readonly #running: Promise<void>;
  #pool: pg.Pool | undefined;
  #closed = false;
  #lastFailure = "not connected yet";

  constructor(config: pg.ClientConfig, report: ReportEvent) {
    this.#config = config;
    this.#report = report;
    this.#running = this.#run();
  }

  /** The pool, where it can be used this moment. */
  ready(): pg.Pool | undefined {
    return this.#pool;
  }

  /** A usable pool, as soon as there is one; `undefined` when the time is up or all is closed. */
  async untilReady(limitMs: number): Promise<pg.Pool | undefined> {
    const deadline = performance.now() + limitMs;
    while (this.#pool === undefined) {
      const leftMs = deadline - performance.now();
      if (this.#closed || leftMs <= 0) return undefined;
      await this.#changes.next(leftMs);
    }
    return this.#pool;
  }

  /** Uses this pool no more and opens another. Nothing when it has been replaced already. */
  retire(pool: pg.Pool, reason: string): void {
    if (this.#pool !== pool) return;
    this.#pool = undefined;
    this.#lastFailure = reason;
    this.#changes.notify();
  }

  /** Closes every connection, in good order where the server answers. Bounded. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pool = undefined;
    this.#changes.notify();
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      const startedAt = performance.now();
      await this.#liveOnce();
      if (this.#closed) return;
      failures = performance.now() - startedAt > GOOD_LIFE_MS ? 1 : failures + 1;
      const retryInMs = fullJitterMs(RECONNECT, failures);
      this.#report({ event: "lost", reason: this.#lastFailure, failures, retryInMs });
      const retryAt = performance.now() + retryInMs;
      while (!this.#closed && performance.now() < retryAt) await this.#changes.next(retryAt - performance.now());
    }
  }

  /** One pool from its opening to its end. */
  async #liveOnce(): Promise<void> {
    const clients = new Set<pg.PoolClient>();
    const pool = this.#open(clients);
    try {
      await withinMs(
        PROBE_LIMIT_MS,
        "the first answer",
        pool.query({ ...HAS_GROUPS, values: [QUEUE_NAMES.reports, 0] }),
      );
      if (!this.#closed) {
        this.#pool = pool;
        this.#report({ event: "connected" });
        this.#changes.notify();
      }
      while (this.#pool === pool) await this.#changes.next();
    } catch (error) {
      this.#lastFailure = reasonOf(error);
    }
    const leaving = letGo(pool, clients, this.#closed ? CLOSE_LIMIT_MS : RETIRED_LIMIT_MS);
    // A retired pool ends beside its successor; at the end, nothing may be left open.
    if (this.#closed) await leaving;
  }

  #open(clients: Set<pg.PoolClient>): pg.Pool {
    const pool = new pg.Pool({
      ...this.#config,
      max: CONNECTIONS_MAX,
      // One stays, so that the loss of the server is noticed while nobody publishes.
      min: 1,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
    });
    pool.on("error", (error) => this.retire(pool, reasonOf(error)));
    pool.on("connect", (client) => {
      clients.add(client);
      // Whoever holds it learns of the loss from its statement; without a listener it would end the process.
      client.on("error", () => undefined);
    });
    pool.on("remove", (client) => clients.delete(client));
    return pool;
  }
}

/** Lets statements under way end; then destroys what is left, for a silent server would leave it open for minutes. */
async function letGo(pool: pg.Pool, clients: ReadonlySet<pg.PoolClient>, limitMs: number): Promise<void> {
  await untilFirst(limitMs, [pool.end()]);
  for (const client of clients) client.connection.stream.destroy();
}
