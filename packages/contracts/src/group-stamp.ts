import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import type { GroupStamp } from "./ports/message-queue.ts";

const Sequence = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** A stamp beside its group: as a header over AMQP, as a column in Postgres. */
const WireStamp = Type.Object({
  boot_id: Type.String({ minLength: 1, maxLength: 100 }),
  sequence: Sequence,
  messages: Type.Record(Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\d$" }), Sequence, {
    minProperties: 1,
    additionalProperties: false,
  }),
  voided: Type.Optional(Type.Array(Type.Tuple([Sequence, Sequence]))),
});
type WireStamp = Static<typeof WireStamp>;

const compiled = Compile(WireStamp);

/** The stamp as it goes beside its group. */
export function writeStamp({ bootId, sequence, messages, voided }: GroupStamp): WireStamp {
  return {
    boot_id: bootId,
    sequence,
    messages: { ...messages },
    ...(voided.length > 0 ? { voided: voided.map(([first, last]) => [first, last]) } : {}),
  };
}

/**
 * Reads what stands beside a group. `null` for anything that is no stamp: it is missing, or of a version that counted
 * envelopes in the place of messages, or wrong. A group is read all the same.
 */
export function readStamp(value: unknown): GroupStamp | null {
  if (!compiled.Check(value)) return null;
  const { boot_id: bootId, sequence, messages, voided = [] } = value;
  return areEarlier(voided, sequence) ? { bootId, sequence, messages, voided } : null;
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
