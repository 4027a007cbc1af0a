import { waitFor } from "@sms-gateway/testkit";
import { Client } from "pg";

/** Longest wait for everything accepted to be worked off. */
const SENT_WITHIN_MS = 15 * 60_000;

/** The middle and the slow end of many durations, in milliseconds. */
export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Which messages are meant, and between which two of their times to measure. */
export interface SpreadQuestion {
  readonly from: "accepted_at" | "schedule_at";
  /** `started_at` is when the row was written right before the provider was called. */
  readonly to: "started_at" | "sent_at";
  readonly since: Date;
  /** Of one `sms_type` only. */
  readonly smsType?: string;
}

/** How long messages took from one of their times to another, first attempts only. */
export function measureSpread(databaseUrl: string, { from, to, since, smsType }: SpreadQuestion): Promise<Spread> {
  return query(databaseUrl, async (client) => {
    const { rows } = await client.query<{ count: number } & Spread>(
      `select count(*)::int as count,
              percentile_cont(0.5) within group (order by took_ms) as "p50Ms",
              percentile_cont(0.99) within group (order by took_ms) as "p99Ms"
       from (select extract(epoch from ${to} - ${from})::float * 1000 as took_ms
             from messages m join attempts a on a.message_id = m.id and a.number = 1
             where m.accepted_at >= $1 and ($2::text is null or m.sms_type = $2)) as each`,
      [since, smsType ?? null],
    );
    const [spread] = rows;
    if (spread === undefined || spread.count === 0) throw new Error("there was no message to measure");
    return { p50Ms: spread.p50Ms, p99Ms: spread.p99Ms };
  });
}

/** Waits until nothing is left to send; returns how many were sent since `sinceMs`, and in how long. */
export function allSent(databaseUrl: string, sinceMs = 0): Promise<{ messages: number; tookS: number }> {
  return query(databaseUrl, async (client) => {
    let seen = -1;
    await waitFor(
      async () => {
        const { rows } = await client.query("select count(*)::int as all, count(sent_at)::int as sent from messages");
        const done = rows[0].all === rows[0].sent && rows[0].all === seen && seen > 0;
        seen = rows[0].all;
        return done;
      },
      { timeoutMs: SENT_WITHIN_MS, intervalMs: 1_000, what: "every accepted message to be sent" },
    );
    const { rows } = await client.query(
      "select count(*)::int as messages, coalesce(extract(epoch from max(sent_at) - min(accepted_at)), 0)::float as took_s from messages where accepted_at >= $1",
      [new Date(sinceMs)],
    );
    return { messages: rows[0].messages, tookS: rows[0].took_s };
  });
}

/** Waits until so many messages are recorded, of those accepted since then. */
export async function allRecorded(databaseUrl: string, since: Date, count: number): Promise<void> {
  await query(databaseUrl, (client) =>
    waitFor(
      async () => {
        const { rows } = await client.query("select count(*)::int as count from messages where accepted_at >= $1", [
          since,
        ]);
        return rows[0].count >= count;
      },
      { timeoutMs: SENT_WITHIN_MS, intervalMs: 500, what: `${count} messages to be recorded` },
    ),
  );
}

/** Asks over a connection of its own. */
export async function query<T>(databaseUrl: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}
