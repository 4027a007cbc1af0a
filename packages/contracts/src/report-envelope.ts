import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { orNull } from "./or-null.ts";
import { PROVIDER_NAMES } from "./provider-names.ts";

/**
 * A delivery report or inbound text as a provider posted it, verified and otherwise untouched (architecture.md 5.7). It
 * waits in `sms.reports`, so that a database outage loses none.
 */
export const ReportEnvelope = Type.Object({
  type: Type.Literal("sms.report"),
  version: Type.Literal(1),
  provider: Type.Enum([...PROVIDER_NAMES]),
  /** The provider account whose secret verified it: "live" or "lab". */
  account: Type.String({ maxLength: 64 }),
  /** From the callback address that we handed out; null when it came without one. */
  message_id: orNull(Type.String()),
  attempt_number: orNull(Type.Integer()),
  received_at: Type.String(),
  request_id: Type.String(),
  query: Type.String(),
  content_type: Type.String(),
  /** The raw body; latin1 keeps every byte. */
  body: Type.String(),
});
export type ReportEnvelope = Static<typeof ReportEnvelope>;

const compiled = Compile(ReportEnvelope);

/** Reads one report envelope from a parsed JSON value. */
export function parseReportEnvelope(
  value: unknown,
): { ok: true; envelope: ReportEnvelope } | { ok: false; problem: string } {
  if (compiled.Check(value)) return { ok: true, envelope: value };
  const [first] = compiled.Errors(value);
  return { ok: false, problem: first === undefined ? "no envelope" : `${first.instancePath || "/"} ${first.message}` };
}
