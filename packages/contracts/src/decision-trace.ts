import { type Static, Type } from "typebox";
import { orNull } from "./or-null.ts";

/*
 * The decision trace of a message: each time a provider was planned, who was considered and why each was taken or passed
 * over. Kept in a short form (pairs instead of objects: it is part of every message's row), shown in a long one.
 */

/**
 * When a provider was planned: `record` when the message was recorded, `failover` to the next one after a refusal, `retry`
 * for the next round, `replan` when the planned one became unavailable, `resend` after an attempt of unknown outcome.
 */
export const TRACE_STEPS = ["record", "failover", "retry", "replan", "resend"] as const;
export type TraceStep = (typeof TRACE_STEPS)[number];

/**
 * How a provider was judged: `chosen`; `waits`: nobody can take it now, and this one is waited for; `next`: suitable, and
 * behind the chosen one. All others say why it was passed over; `tried`: in this round; `refused`: this message, for good.
 */
export const TRACE_VERDICTS = [
  "chosen",
  "waits",
  "next",
  "disabled",
  "paused",
  "no_account",
  "message_type",
  "sender",
  "circuit_open",
  "tried",
  "refused",
] as const;
export type TraceVerdict = (typeof TRACE_VERDICTS)[number];

/** One decision in its short form, before it is kept; the database adds the time. */
export interface PlannedTrace {
  readonly step: TraceStep;
  readonly provider: string | null;
  readonly considered: readonly (readonly [provider: string, verdict: TraceVerdict])[];
}

/** One decision as clients see it: `GET /api/v1/sms/{id}?trace=true`. */
export const TraceView = Type.Object({
  at: Type.String({ format: "date-time" }),
  step: Type.Enum([...TRACE_STEPS]),
  provider: orNull(Type.String({ description: "Whom it was planned for." })),
  considered: Type.Array(Type.Object({ provider: Type.String(), verdict: Type.Enum([...TRACE_VERDICTS]) })),
});
export type TraceView = Static<typeof TraceView>;
