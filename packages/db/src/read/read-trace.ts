import { TRACE_STEPS, TRACE_VERDICTS, type TraceStep, type TraceVerdict, type TraceView } from "@sms-gateway/contracts";

/**
 * A decision trace in the form that clients see. Steps and verdicts that only a newer program knows are left out: a
 * message must stay readable while two versions run side by side.
 */
export function readTrace(value: unknown): TraceView[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => readEntry(entry) ?? []);
}

function readEntry(value: unknown): TraceView | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { at, step, provider, considered }: Record<string, unknown> = { ...value };
  const knownStep = TRACE_STEPS.find((known): known is TraceStep => known === step);
  if (knownStep === undefined || typeof at !== "string" || !Array.isArray(considered)) return undefined;
  const pairs = considered.flatMap((pair: unknown) => readPair(pair) ?? []);
  const planned = typeof provider === "string" ? provider : null;
  return { at: new Date(at).toISOString(), step: knownStep, provider: planned, considered: pairs };
}

function readPair(value: unknown): { provider: string; verdict: TraceVerdict } | undefined {
  if (!Array.isArray(value)) return undefined;
  const [provider, verdict]: unknown[] = value;
  const known = TRACE_VERDICTS.find((one) => one === verdict);
  return typeof provider === "string" && known !== undefined ? { provider, verdict: known } : undefined;
}
