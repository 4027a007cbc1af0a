import { PROVIDER_NAMES } from "@sms-gateway/contracts";
import type { RunFolder } from "@sms-gateway/testkit";
import { allRecorded, allSent, measureSpread, query, type Spread } from "./ask-database.ts";
import { postInTurn } from "./load.ts";
import { formatSpread, type Report } from "./report.ts";
import { type Shape, startStack } from "./stack.ts";

/** Of one request; its recipients share one time. */
const RECIPIENTS = 100;

interface Plan {
  readonly messages: number;
  /** The messages are spread evenly over so long. */
  readonly dueWithinS: number;
  /** Until the first is due: time to record them all. */
  readonly leadS: number;
  /** How late 99 of 100 messages may be. Infinite where the start of everything weighs more than the rate. */
  readonly lateMaxMs: number;
}

/** A minute in which a campaign and many reminders come due together. */
const PLAN: Plan = { messages: 50_000, dueWithinS: 60, leadS: 45, lateMaxMs: 2_000 };
const PLAN_QUICK: Plan = { messages: 5_000, dueWithinS: 6, leadS: 10, lateMaxMs: Number.POSITIVE_INFINITY };

/** How punctual scheduled messages are: from `schedule_at` to the attempt, and to the provider's answer. */
export async function measureScheduling(folder: RunFolder, shape: Shape, isQuick: boolean): Promise<Report> {
  const { messages, dueWithinS, leadS, lateMaxMs } = isQuick ? PLAN_QUICK : PLAN;
  const stack = await startStack(folder, shape);
  try {
    const since = new Date();
    const firstDueMs = since.getTime() + leadS * 1000;
    const requests = messages / RECIPIENTS;
    const bodies = Array.from({ length: requests }, (_, index) => ({
      to: listNumbers(index),
      message: "Hello! This is a scheduled message.",
      provider: PROVIDER_NAMES[index % PROVIDER_NAMES.length],
      schedule_at: new Date(firstDueMs + (index / requests) * dueWithinS * 1000).toISOString(),
    }));
    await postInTurn(stack.gatewayUrl, bodies);
    await allRecorded(stack.databaseUrl, since, messages);
    const recordedMs = Date.now();
    await allSent(stack.databaseUrl);
    const [opened, sent] = [
      await measureSpread(stack.databaseUrl, { from: "schedule_at", to: "started_at", since }),
      await measureSpread(stack.databaseUrl, { from: "schedule_at", to: "sent_at", since }),
    ];
    const perSecond = await measureRate(stack.databaseUrl, since);
    return describe({
      messages,
      dueWithinS,
      lateMaxMs,
      opened,
      sent,
      perSecond,
      recordedInTime: recordedMs < firstDueMs,
    });
  } finally {
    await stack.stop();
  }
}

function listNumbers(request: number): string[] {
  return Array.from(
    { length: RECIPIENTS },
    (_, index) => `+4915${String(request * RECIPIENTS + index).padStart(9, "0")}`,
  );
}

/** Attempts opened per second, from the first time that was due to the last attempt. */
function measureRate(databaseUrl: string, since: Date): Promise<number> {
  return query(databaseUrl, async (client) => {
    const { rows } = await client.query(
      `select (count(*) / extract(epoch from max(a.started_at) - min(m.schedule_at)))::float as "perSecond"
       from messages m join attempts a on a.message_id = m.id and a.number = 1 where m.accepted_at >= $1`,
      [since],
    );
    return rows[0].perSecond;
  });
}

interface Findings {
  readonly messages: number;
  readonly dueWithinS: number;
  readonly lateMaxMs: number;
  readonly opened: Spread;
  readonly sent: Spread;
  readonly perSecond: number;
  readonly recordedInTime: boolean;
}

function describe(findings: Findings): Report {
  const { messages, dueWithinS, opened, sent, perSecond } = findings;
  return {
    about: `${messages} scheduled messages due within ${dueWithinS} s`,
    lines: [
      ["schedule_at → attempt opened", formatSpread(opened)],
      ["schedule_at → provider's answer", formatSpread(sent)],
      ["attempts opened", `${perSecond.toFixed(0)} /s (due: ${(messages / dueWithinS).toFixed(0)} /s)`],
    ],
    figures: findings,
    ...findFault(findings),
  };
}

function findFault({ opened, lateMaxMs, recordedInTime }: Findings): Pick<Report, "fault"> {
  if (!recordedInTime) return { fault: "the first messages were due before all were recorded" };
  if (opened.p99Ms <= lateMaxMs) return {};
  return { fault: `attempts were late by ${formatSpread(opened)}, at most ${lateMaxMs} ms are meant` };
}
