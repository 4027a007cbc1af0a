import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { orNull } from "./or-null.ts";
import { PROVIDER_NAMES } from "./provider-names.ts";
import { createVersionReader, type ReadResult, type ReadValue } from "./version-reader.ts";

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

/** Reads one report envelope of any version that may be waiting, from a parsed JSON value. Readers by version: see createVersionReader. */
export const parseReportEnvelope: ReadValue<ReportEnvelope> = createVersionReader(
  "sms.report",
  new Map([[1, readVersion1]]),
);

function readVersion1(value: unknown): ReadResult<ReportEnvelope> {
  if (compiled.Check(value)) return { ok: true, value };
  const [first] = compiled.Errors(value);
  return { ok: false, problem: first === undefined ? "no envelope" : `${first.instancePath || "/"} ${first.message}` };
}
