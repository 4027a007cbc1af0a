import { isFinalState, type MessageState } from "@sms-gateway/contracts";
import { SHORT_TTL_S, type SmsClass } from "../load/plan-request.ts";
import type { ClientRequest } from "../load/run-clients.ts";

/** What the API says of a message. */
export interface SeenMessage {
  readonly id: string;
  readonly to: string;
  readonly status: MessageState;
  readonly possibleDouble: boolean;
  /** Its deadline and its last change, in ms since 1970. */
  readonly expireAtMs: number;
  readonly updatedAtMs: number;
}

/** One text that reached a handset. */
export interface Copy {
  /** The message id that the sender gave the carrier; null where it gave none. */
  readonly id: string | null;
  readonly text: string;
  /** In ms since 1970. */
  readonly atMs: number;
}

/** All that somebody outside can know after a run. */
export interface Evidence {
  readonly requests: readonly ClientRequest[];
  /** Per handset, what it got. */
  readonly inbox: ReadonlyMap<string, readonly Copy[]>;
  /** Every recorded message. */
  readonly messages: readonly SeenMessage[];
  /**
   * Which recorded message an id answers with that is not its own: repetitions that were recognised later. Of promised ids,
   * and of those that were given with "unknown".
   */
  readonly aliases: ReadonlyMap<string, SeenMessage>;
}

export type FaultKind =
  /** Promised, and the API does not know it, or says "delivered" where nothing arrived. */
  | "lost"
  /** More copies than its class and its record allow. */
  | "doubled"
  /** Not final, though its time is over. */
  | "not_final"
  /** A clear refusal, and something was recorded or arrived. */
  | "refused_but_taken"
  /** What the API says and what the handset got do not agree; or it came too early, too late, or to somebody else. */
  | "contradicted"
  /** Ended as failed. Whether it may follows from what was broken. */
  | "failed"
  /** Ended as unknown. Whether it may follows from what was broken. */
  | "left_unknown"
  /** Ended as expired, though nothing was broken for as long as it was to be worked on. */
  | "given_up"
  /** An answer that the contract does not know. */
  | "broken_answer";

export interface Fault {
  readonly kind: FaultKind;
  /** Of the request in the plan of this seed; -1 where none fits. */
  readonly request: number;
  /** Of that request; null where none fits. */
  readonly smsType: SmsClass | null;
  readonly number: string;
  readonly detail: string;
}

/** What became of all messages of a run. */
export interface Verdict {
  /** Messages that clients wanted to send. */
  readonly offered: number;
  /** Promised with 202. */
  readonly accepted: number;
  /** Of these, delivered. */
  readonly delivered: number;
  /** Of these, ended otherwise: by state. */
  readonly otherEnds: Readonly<Record<string, number>>;
  /** Of these, ended as `unknown`. */
  readonly unknown: number;
  /** Messages refused clearly, and those whose clients gave up without knowing. */
  readonly refused: number;
  readonly unanswered: number;
  /** Messages that arrived more than once, marked `possible_double`, in a class that allows it. */
  readonly explainedDoubles: number;
  readonly faults: readonly Fault[];
}

/** Copies that may arrive at most (docs/unknown-outcomes.md): the first, and as many resends as the class allows. */
const COPIES_MAX: Readonly<Record<SmsClass, number>> = {
  otp: 3,
  alert: 3,
  transactional: 2,
  promotional: 1,
  marketing: 1,
};

/** Ends of which the record says that nothing was sent, or that it was not delivered. */
const NOT_ARRIVED: ReadonlySet<MessageState> = new Set(["failed", "expired", "canceled", "rejected", "undelivered"]);

/** After its deadline a message has so long to end, in ms. */
const END_AFTER_DEADLINE_MS = 300_000;
/** A submit that began before the deadline may take so long until the handset has it, in ms. */
const ARRIVES_WITHIN_MS = 15_000;

/** One recipient of one request, and what is known of it. */
interface Recipient {
  readonly request: ClientRequest;
  readonly number: string;
  /** The id that was promised for it. */
  readonly promisedId: string | undefined;
  readonly copies: readonly Copy[];
  /** What is recorded for that number. */
  readonly recorded: readonly SeenMessage[];
}

type Find = (kind: FaultKind, detail: string) => void;

/** Compares what clients were told with what the handsets got and what the API says. */
export function judge(evidence: Evidence): Verdict {
  const faults: Fault[] = [];
  const counts = { offered: 0, accepted: 0, delivered: 0, unknown: 0, refused: 0, unanswered: 0, explainedDoubles: 0 };
  const otherEnds: Record<string, number> = {};
  const byId = new Map(evidence.messages.map((message) => [message.id, message]));
  const recipients = listRecipients(evidence);
  for (const recipient of recipients) {
    const { request, number, promisedId } = recipient;
    const find: Find = (kind, detail) =>
      faults.push({ kind, request: request.plan.index, smsType: request.plan.smsType, number, detail });
    counts.offered += 1;
    judgeAnswers(recipient, evidence, find);
    if (promisedId !== undefined) {
      counts.accepted += 1;
      const message = byId.get(promisedId) ?? evidence.aliases.get(promisedId);
      judgePromised(recipient, message, find);
      if (message?.status === "delivered") counts.delivered += 1;
      else if (message?.status === "unknown") counts.unknown += 1;
      else if (message !== undefined) otherEnds[message.status] = (otherEnds[message.status] ?? 0) + 1;
    } else if (wasRefused(request)) {
      counts.refused += 1;
      judgeRefused(recipient, find);
    } else counts.unanswered += 1;
    if (judgeCopies(recipient, find)) counts.explainedDoubles += 1;
    for (const copy of recipient.copies) judgeCopy(recipient, copy, find);
    for (const message of recipient.recorded) judgeEnd(message, recipient, find);
  }
  faults.push(...findStrays(evidence, recipients));
  return { ...counts, otherEnds, faults };
}

/** The answers themselves: each of them one that the contract knows, and one that a valid request may get. */
function judgeAnswers({ request, number }: Recipient, { aliases, messages }: Evidence, find: Find): void {
  const { plan, end, why, promised, unsureIds } = request;
  if (end === "broken") find("broken_answer", why);
  // What is planned is valid and paid for: only rates may refuse it.
  if (end === "refused" && /^4(?!29)/.test(why)) find("broken_answer", `a valid request was refused: ${why}`);
  if (end === "accepted" && promised.length !== plan.numbers.length) {
    find("broken_answer", `${promised.length} ids for ${plan.numbers.length} recipients`);
  }
  if (number !== plan.numbers[0]) return;
  for (const id of unsureIds) {
    const message = aliases.get(id) ?? messages.find((candidate) => candidate.id === id);
    if (message !== undefined && message.to !== number) {
      find("contradicted", `${id} was given with "unknown" and answers with a message to ${message.to}`);
    }
  }
}

/** Every try was refused clearly: nothing may have been taken. */
function wasRefused({ maybeTaken, end }: ClientRequest): boolean {
  return maybeTaken === 0 && end !== "broken";
}

function listRecipients({ requests, inbox, messages }: Evidence): Recipient[] {
  const recorded = new Map<string, SeenMessage[]>();
  for (const message of messages) {
    const before = recorded.get(message.to);
    if (before === undefined) recorded.set(message.to, [message]);
    else before.push(message);
  }
  return requests.flatMap((request) =>
    request.plan.numbers.map((number, place) => ({
      request,
      number,
      promisedId: request.promised[place],
      copies: inbox.get(number) ?? [],
      recorded: recorded.get(number) ?? [],
    })),
  );
}

function judgePromised({ number, promisedId }: Recipient, message: SeenMessage | undefined, find: Find): void {
  if (message === undefined) {
    find("lost", `${promisedId} was promised and is not recorded`);
    return;
  }
  if (message.to !== number) find("contradicted", `${promisedId} answers with a message to ${message.to}`);
  if (message.status === "rejected") find("lost", `${message.id} was accepted, and then rejected`);
}

function judgeRefused({ copies, recorded }: Recipient, find: Find): void {
  if (copies.length > 0) find("refused_but_taken", `${copies.length} copies arrived`);
  if (recorded.length > 0) find("refused_but_taken", `${recorded.map(({ id }) => id).join(", ")} recorded`);
}

/** Whether copies arrived beyond one that the rules allow; those that they do not are found. */
function judgeCopies({ request, copies, recorded }: Recipient, find: Find): boolean {
  const { smsType, manners } = request.plan;
  // One key is one message, however often it was sent; without a key each request that was taken is one.
  const messagesMax = manners === "good" ? 1 : request.maybeTaken;
  if (recorded.length > messagesMax) find("doubled", `${recorded.length} messages recorded, ${messagesMax} wanted`);
  let isExplained = false;
  for (const { id, possibleDouble } of recorded) {
    const arrived = copies.filter((copy) => copy.id === id).length;
    if (arrived <= 1) continue;
    if (possibleDouble && arrived <= COPIES_MAX[smsType]) isExplained = true;
    else find("doubled", `${arrived} copies of ${id}${possibleDouble ? `, more than ${smsType} allows` : ""}`);
  }
  const strangers = copies.filter((copy) => !recorded.some(({ id }) => id === copy.id));
  if (strangers.length > 0) {
    find("contradicted", `arrived, and is not recorded: ${strangers.map(({ id }) => id).join(", ")}`);
  }
  return isExplained;
}

/** The right text, not before its time and not long after its deadline. */
function judgeCopy({ request: { plan, startedAtMs }, recorded }: Recipient, copy: Copy, find: Find): void {
  if (copy.text !== plan.text) find("contradicted", `it got another text: ${copy.text}`);
  const dueAtMs = startedAtMs + (plan.scheduleInS ?? 0) * 1000;
  if (copy.atMs < dueAtMs) find("contradicted", `it arrived ${dueAtMs - copy.atMs} ms too early`);
  const expireAtMs = recorded.find(({ id }) => id === copy.id)?.expireAtMs ?? Number.POSITIVE_INFINITY;
  if (copy.atMs > expireAtMs + ARRIVES_WITHIN_MS) find("contradicted", "it arrived after its deadline");
}

function judgeEnd(message: SeenMessage, { request, copies }: Recipient, find: Find): void {
  const { id, status, expireAtMs, updatedAtMs } = message;
  const hasArrived = copies.some((copy) => copy.id === id);
  if (!isFinalState(status)) find("not_final", `${id} is still ${status}`);
  else if (updatedAtMs > expireAtMs + END_AFTER_DEADLINE_MS) {
    find("not_final", `${id} became ${status} ${Math.round((updatedAtMs - expireAtMs) / 1000)} s after its deadline`);
  }
  if (status === "delivered" && !hasArrived) find("lost", `${id} is delivered, says the API`);
  if (NOT_ARRIVED.has(status) && hasArrived) find("contradicted", `${id} is ${status}, and arrived`);
  // Nobody cancels, and no handset of the plan refuses.
  if (status === "canceled" || status === "undelivered") find("contradicted", `${id} is ${status}`);
  if (status === "expired" && updatedAtMs < expireAtMs) find("contradicted", `${id} is expired before its deadline`);
  if (status === "expired" && request.plan.ttlS > SHORT_TTL_S) {
    find("given_up", `${id} is expired after ${request.plan.ttlS} s`);
  }
  if (status === "failed") find("failed", id);
  if (status === "unknown") find("left_unknown", id);
}

/** What arrived or is recorded for numbers that no client wrote to. */
function findStrays({ inbox, messages }: Evidence, recipients: readonly Recipient[]): Fault[] {
  const known = new Set(recipients.map(({ number }) => number));
  const seen = new Set([...inbox.keys(), ...messages.map(({ to }) => to)]);
  return [...seen]
    .filter((number) => !known.has(number))
    .map((number) => ({ kind: "contradicted", request: -1, smsType: null, number, detail: "nobody wrote to it" }));
}
