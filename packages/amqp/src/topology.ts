import { setTimeout as delay } from "node:timers/promises";
import { LANES, type Lane, QUEUE_NAMES } from "@sms-gateway/contracts";
import { withinMs } from "@sms-gateway/waiting";
import type { ReportEvent } from "./amqp-event.ts";
import { type BrokerConnection, closeChannel, openChannel } from "./broker-connection.ts";

/** All queues. Everything is published to the default exchange, so there are neither exchanges nor bindings. */
export interface QueueNames {
  readonly accepted: Readonly<Record<Lane, string>>;
  readonly reports: string;
  readonly dead: string;
}

export interface TopologySettings {
  readonly namePrefix: string;
  /** Virtual host, for the policy that we advise. */
  readonly vhost: string;
  /** Most messages (groups) in each lane and in the reports; the broker refuses more. Unlimited when not given. */
  readonly maxLengthMessages?: number;
  /** The same in bytes of bodies. */
  readonly maxLengthBytes?: number;
}

export interface QueueDeclaration {
  readonly name: string;
  readonly arguments: Readonly<Record<string, string | number>>;
}

/** A queue that exists with other arguments than ours. It is kept and used. */
export interface TopologyProblem {
  readonly queue: string;
  /** In the broker's words. */
  readonly problem: string;
  /** What an operator can do. */
  readonly remedy: string;
}

/** First declaration of a quorum queue starts a Raft group: 50–200 ms on a small machine. */
const DECLARE_LIMIT_MS = 5000;
/**
 * How long a queue that was deleted stays away before we declare it again. Its consumers are told some 30 ms after the
 * deletion; declared before that, the new queue swallows what it delivers to them [ran against 3.10: always within 20 ms,
 * never after 50 ms]. See also IDLE_LIMIT_MS of the consumer, for queues that somebody else declares.
 */
const DELETED_SETTLE_MS = 1000;
const PRECONDITION_FAILED = 406;
const NOT_FOUND = 404;

export interface DeclareOptions {
  /** Just this queue. */
  readonly only?: string;
  /** Queues that this process has declared or found before, kept up to date; one of them that is missing was deleted. */
  readonly known: Set<string>;
  readonly report: ReportEvent;
}

export function nameQueues(namePrefix: string): QueueNames {
  const { high, normal, bulk } = QUEUE_NAMES.accepted;
  return {
    accepted: { high: `${namePrefix}${high}`, normal: `${namePrefix}${normal}`, bulk: `${namePrefix}${bulk}` },
    reports: `${namePrefix}${QUEUE_NAMES.reports}`,
    dead: `${namePrefix}${QUEUE_NAMES.dead}`,
  };
}

/** Every queue with its arguments, for a server of this version (architecture.md 5.2). */
export function describeTopology(settings: TopologySettings, serverVersion: string): readonly QueueDeclaration[] {
  const names = nameQueues(settings.namePrefix);
  const plain: Record<string, string | number> = {
    // Replicated and on disk before the confirm.
    "x-queue-type": "quorum",
    // The default, drop-head, drops the oldest message and acks the new one: silent loss.
    "x-overflow": "reject-publish",
    // No x-dead-letter-exchange: the broker's own dead-lettering is unconfirmed; we publish to sms.dead and see it confirmed.
  };
  if (majorVersion(serverVersion) >= 4) {
    // Since 4.0 a quorum queue drops a message after 20 deliveries, and a lost connection counts as one. Version 3.10
    // takes -1 and drops at the first redelivery; there, no argument means no limit.
    plain["x-delivery-limit"] = -1;
  }
  const bounded = { ...plain };
  if (settings.maxLengthMessages !== undefined) bounded["x-max-length"] = settings.maxLengthMessages;
  if (settings.maxLengthBytes !== undefined) bounded["x-max-length-bytes"] = settings.maxLengthBytes;
  return [
    ...LANES.map((lane) => ({ name: names.accepted[lane], arguments: bounded })),
    { name: names.reports, arguments: bounded },
    // Never bounded: a full sms.dead would stop the consumers.
    { name: names.dead, arguments: plain },
  ];
}

/**
 * Declares every queue, or the one that is named. Called before the first publish and the first consume of every
 * connection and again after every loss, because a publish to a missing queue is confirmed and dropped.
 *
 * @returns queues that exist with other arguments.
 * @throws Error when the broker refuses or does not answer.
 */
export async function declareTopology(
  connection: BrokerConnection,
  settings: TopologySettings,
  { only, known, report }: DeclareOptions,
): Promise<readonly TopologyProblem[]> {
  const declarations = describeTopology(settings, connection.serverVersion).filter(
    ({ name }) => only === undefined || only === name,
  );
  const names = declarations.map(({ name }) => name);
  if (
    await isAnyMissing(
      connection,
      names.filter((name) => known.has(name)),
      report,
    )
  )
    await delay(DELETED_SETTLE_MS);
  const problems: TopologyProblem[] = [];
  let channel = await openChannel(connection, DECLARE_LIMIT_MS, report);
  for (const { name, arguments: queueArguments } of declarations) {
    try {
      const declaring = channel.assertQueue(name, { durable: true, arguments: queueArguments });
      await withinMs(DECLARE_LIMIT_MS, `declaring ${name}`, declaring);
    } catch (error) {
      if (!hasReplyCode(error, PRECONDITION_FAILED)) throw error;
      // "Operation failed: …; 406 (…) with message "PRECONDITION_FAILED - inequivalent arg …"": the end says it all.
      const problem = /PRECONDITION_FAILED - (.*?)"?$/s.exec(error.message)?.[1] ?? error.message;
      problems.push({ queue: name, problem, remedy: adviseRemedy(settings, connection, problem) });
      // The refusal has closed the channel.
      channel = await openChannel(connection, DECLARE_LIMIT_MS, report);
    }
    known.add(name);
  }
  await closeChannel(channel, DECLARE_LIMIT_MS);
  return problems;
}

/** Whether one of these queues does not exist. Only queues that we have seen before are worth asking for. */
async function isAnyMissing(
  connection: BrokerConnection,
  names: readonly string[],
  report: ReportEvent,
): Promise<boolean> {
  if (names.length === 0) return false;
  const channel = await openChannel(connection, DECLARE_LIMIT_MS, report);
  try {
    for (const name of names) await withinMs(DECLARE_LIMIT_MS, `asking for ${name}`, channel.checkQueue(name));
    return false;
  } catch (error) {
    if (hasReplyCode(error, NOT_FOUND)) return true;
    throw error;
  } finally {
    await closeChannel(channel, DECLARE_LIMIT_MS);
  }
}

function majorVersion(serverVersion: string): number {
  return Number.parseInt(serverVersion, 10);
}

function hasReplyCode(error: unknown, code: number): error is Error {
  return error instanceof Error && "code" in error && error.code === code;
}

function adviseRemedy(settings: TopologySettings, connection: BrokerConnection, problem: string): string {
  if (/'(x-queue-type|durable|exclusive|auto_delete)'/.test(problem)) {
    return "no policy can change this: drain the queue and delete it; it is then declared anew";
  }
  const policy: Record<string, string | number> = { overflow: "reject-publish" };
  if (majorVersion(connection.serverVersion) >= 4) policy["delivery-limit"] = -1;
  if (settings.maxLengthMessages !== undefined) policy["max-length"] = settings.maxLengthMessages;
  if (settings.maxLengthBytes !== undefined) policy["max-length-bytes"] = settings.maxLengthBytes;
  const pattern = `^${escapePattern(settings.namePrefix)}sms\\.(accepted\\.(high|normal|bulk)|reports)$`;
  return `rabbitmqctl set_policy -p '${settings.vhost}' --apply-to queues '${settings.namePrefix}sms-gateway' '${pattern}' '${JSON.stringify(policy)}'`;
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
