import fc from "fast-check";
import { expect, test } from "vitest";
import { readStamp, StampBook, writeStamp } from "./index.ts";

const requestOf = (acceptedAt: string, recipients: number) => ({
  accepted_at: acceptedAt,
  recipients: Array.from({ length: recipients }, (_, index) => ({ id: `id-${index}`, to: "+14155550100" })),
});
const ONE = [requestOf("2026-11-21T10:00:00.000Z", 1)];

/** Up to three groups under way at a time, ending in any order; a group in doubt may still arrive. */
const groups = fc.array(
  fc.record({
    slot: fc.nat(2),
    ends: fc.constantFrom("confirmed", "voided", "lost in doubt", "arrived in doubt"),
  }),
  { maxLength: 40 },
);

test("a reader misses exactly the groups in doubt that never arrived", () => {
  fc.assert(
    fc.property(groups, (plan) => {
      const book = new StampBook("boot");
      const seen = new Set<number>();
      const missing = new Set<number>();
      const underWay = new Map<number, () => void>();
      const begin = (ends: string) => {
        const stamp = book.next(ONE);
        return () => {
          if (ends === "voided") book.settle(stamp, { ending: "not_handed_over", reason: "queue_full" });
          else if (ends === "confirmed") book.settle(stamp, { ending: "confirmed" });
          else book.settle(stamp, { ending: "unconfirmed" });
          if (ends === "lost in doubt") missing.add(stamp.sequence);
          if (ends === "voided" || ends === "lost in doubt") return;
          seen.add(stamp.sequence);
          for (const [first, last] of stamp.voided) {
            for (let sequence = first; sequence <= last; sequence += 1) seen.add(sequence);
          }
          expect(readStamp(JSON.parse(JSON.stringify(writeStamp(stamp))))).toEqual(stamp);
        };
      };
      for (const { slot, ends } of plan) {
        underWay.get(slot)?.();
        underWay.set(slot, begin(ends));
      }
      for (const end of underWay.values()) end();
      // One more that is confirmed brings what was not yet told.
      begin("confirmed")();
      const all = Array.from({ length: plan.length + 1 }, (_, index) => index + 1);
      expect(all.filter((sequence) => !seen.has(sequence))).toEqual([...missing].toSorted((a, b) => a - b));
    }),
  );
});

test("a long refusal stays one range", () => {
  const book = new StampBook("boot");
  for (let count = 0; count < 1000; count += 1) {
    book.settle(book.next(ONE), { ending: "not_handed_over", reason: "queue_full" });
  }
  expect(book.next(ONE)).toMatchObject({ bootId: "boot", sequence: 1001, voided: [[1, 1000]] });
});

test("messages are counted by the day of their acceptance, whatever the day of the publish", () => {
  const stamp = new StampBook("boot").next([
    requestOf("2026-11-20T23:59:59.999Z", 3),
    requestOf("2026-11-21T00:00:00.000Z", 1),
    requestOf("2026-11-20T00:00:00.000Z", 2),
  ]);
  expect(stamp.messages).toEqual({ "2026-11-20": 5, "2026-11-21": 1 });
});
