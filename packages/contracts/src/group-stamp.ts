import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import type { GroupStamp } from "./ports/message-queue.ts";

/** Keeps the stamp far below amqplib's limit of 64 KiB for headers. */
export const VOIDED_RANGES_MAX = 500;

const Sequence = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** A stamp beside its group: as a header over AMQP, as a column in Postgres. */
const WireStamp = Type.Object({
  boot_id: Type.String({ minLength: 1, maxLength: 100 }),
  sequence: Sequence,
  messages: Type.Record(Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\d$" }), Sequence, {
    minProperties: 1,
    additionalProperties: false,
  }),
  settled: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  voided: Type.Optional(Type.Array(Type.Tuple([Sequence, Sequence]), { maxItems: VOIDED_RANGES_MAX })),
});
type WireStamp = Static<typeof WireStamp>;

const compiled = Compile(WireStamp);

/** The stamp as it goes beside its group. */
export function writeStamp({ bootId, sequence, messages, settled, voided }: GroupStamp): WireStamp {
  return {
    boot_id: bootId,
    sequence,
    messages: { ...messages },
    settled,
    ...(voided.length > 0 ? { voided: voided.map(([first, last]) => [first, last]) } : {}),
  };
}

/**
 * Reads what stands beside a group. `null` for anything that is no stamp: it is missing, or of a version that counted
 * envelopes in the place of messages, or wrong. A group is read all the same. A stamp that does not say what is settled is
 * of a version that knew only void sequences: nothing before it is missed.
 */
export function readStamp(value: unknown): GroupStamp | null {
  if (!compiled.Check(value)) return null;
  const { boot_id: bootId, sequence, messages, settled = 0, voided = [] } = value;
  const isSound = settled < sequence && areEarlier(voided, sequence);
  return isSound ? { bootId, sequence, messages, settled, voided } : null;
}

/** Whether these are ranges in ascending order, all before the sequence. */
function areEarlier(ranges: NonNullable<WireStamp["voided"]>, sequence: number): boolean {
  let before = 0;
  for (const [first, last] of ranges) {
    if (first <= before || last < first) return false;
    before = last;
  }
  return before < sequence;
}
