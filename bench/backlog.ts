import { type RunFolder, waitFor } from "@sms-gateway/testkit";
import { allRecorded, measureSpread, query, type Spread } from "./ask-database.ts";
import { postInTurn, postSingles } from "./load.ts";
import { formatSpread, type Report } from "./report.ts";
import { type Shape, type Stack, startStack } from "./stack.ts";

/** The most that one request may have. */
const RECIPIENTS = 1000;
const BACKLOG = 200_000;
const BACKLOG_QUICK = 20_000;
const CODES = 100;
const CODES_EVERY_MS = 200;
const CODES_SENT_WITHIN_MS = 60_000;
/** What is promised of a code (docs/reliability.md, 11). */
const CODE_SENT_WITHIN_MS = 1_000;
const BODY_OF_CODE = { to: "+12025550123", message: "Your code is 123456.", sms_type: "otp" };

/** How soon login codes are sent while a campaign of another client waits. */
export async function measureBacklog(folder: RunFolder, shape: Shape, isQuick: boolean): Promise<Report> {
  const backlog = isQuick ? BACKLOG_QUICK : BACKLOG;
  const stack = await startStack(folder, shape);
  try {
    const apiKey = await stack.createClient("campaigner");
    const since = new Date();
    const bodies = Array.from({ length: backlog / RECIPIENTS }, (_, index) => ({
      to: Array.from({ length: RECIPIENTS }, (_, n) => `+4915${String(index * RECIPIENTS + n).padStart(9, "0")}`),
      message: "Hello! This is a campaign.",
      sms_type: "promotional",
      ttl_seconds: 86_400,
    }));
    await postInTurn(stack.gatewayUrl, bodies, { apiKey });
    await allRecorded(stack.databaseUrl, since, backlog);
    const before = await readBacklog(stack, since);
    await postSingles(stack.gatewayUrl, { count: CODES, everyMs: CODES_EVERY_MS, body: BODY_OF_CODE });
    const codes = { since, smsType: "otp" };
    await allCodesSent(stack, since);
    const after = await readBacklog(stack, since);
    const [opened, sent] = [
      await measureSpread(stack.databaseUrl, { ...codes, from: "accepted_at", to: "started_at" }),
      await measureSpread(stack.databaseUrl, { ...codes, from: "accepted_at", to: "sent_at" }),
    ];
    return describe({ before, after, opened, sent });
  } finally {
    await stack.stop();
  }
}

/** Messages of the campaign that no provider has yet. */
function readBacklog({ databaseUrl }: Stack, since: Date): Promise<number> {
  return query(databaseUrl, async (client) => {
    const { rows } = await client.query(
      "select count(*)::int as waiting from messages where accepted_at >= $1 and sms_type = 'promotional' and sent_at is null",
      [since],
    );
    return rows[0].waiting;
  });
}

async function allCodesSent({ databaseUrl }: Stack, since: Date): Promise<void> {
  await query(databaseUrl, (client) =>
    waitFor(
      async () => {
        const { rows } = await client.query(
          "select count(sent_at)::int as sent from messages where accepted_at >= $1 and sms_type = 'otp'",
          [since],
        );
        return rows[0].sent === CODES;
      },
      { timeoutMs: CODES_SENT_WITHIN_MS, intervalMs: 250, what: "every code to be sent" },
    ),
  );
}

interface Findings {
  readonly before: number;
  readonly after: number;
  readonly opened: Spread;
  readonly sent: Spread;
}

function describe(findings: Findings): Report {
  const { before, after, opened, sent } = findings;
  return {
    about: `${CODES} login codes, one every ${CODES_EVERY_MS} ms, while a campaign of another client waits`,
    lines: [
      ["waiting before and after", `${before} → ${after} messages`],
      ["accepted → attempt opened", formatSpread(opened)],
      ["accepted → provider's answer", formatSpread(sent)],
    ],
    figures: findings,
    ...findFault(findings),
  };
}

function findFault({ after, sent }: Findings): Pick<Report, "fault"> {
  if (after === 0) return { fault: "the campaign was over before the codes were sent" };
  if (sent.p99Ms <= CODE_SENT_WITHIN_MS) return {};
  return { fault: `codes were with their provider after ${formatSpread(sent)}, not within ${CODE_SENT_WITHIN_MS} ms` };
}
