import { REPORT_STATUSES } from "@sms-gateway/contracts";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";

/** One delivery report out of a callback, in our own words; kept as JSON while it is parked. */
export const KnownReport = Type.Object({
  provider_message_id: Type.String(),
  status: Type.Enum([...REPORT_STATUSES]),
  provider_status: Type.String(),
  error: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }), Type.Null()]),
  price: Type.Union([Type.Object({ amount: Type.String(), currency: Type.String() }), Type.Null()]),
  request_id: Type.String(),
});
export type KnownReport = Static<typeof KnownReport>;

const compiled = Compile(KnownReport);

/** Reads a parked report; `undefined` when an older or newer version has written something else. */
export function parseKnownReport(value: unknown): KnownReport | undefined {
  return compiled.Check(value) ? value : undefined;
}
