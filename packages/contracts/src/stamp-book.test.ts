import fc from "fast-check";
import { expect, test } from "vitest";
import { type GroupStamp, readStamp, StampBook, writeStamp } from "./index.ts";

const requestOf = (acceptedAt: string, recipients: number) => ({
  accepted_at: acceptedAt,
  recipients: Array.from({ length: recipients }, (_, index) => ({ id: `id-${index}`, to: "+14155550100" })),
});
const ONE = [requestOf("2026-11-21T10:00:00.000Z", 1)];

/** What happens to one publisher's groups; up to five are under way side by side. */
const step = fc.record({
  slot: fc.nat(4),
  /** `arrives`: whether the queue hands the group over; what was refused never does. */
  ends: fc.constantFrom(
    { ending: "confirmed", arrives: true },
    { ending: "confirmed", arrives: false },
    { ending: "not_handed_over", arrives: false },
    { ending: "unconfirmed", arrives: true },
    { ending: "unconfirmed", arrives: false },
  ),
});

/** All that a reader can say of the groups that have arrived: which others must and have not. */
function missingAfter(arrived: readonly GroupStamp[]): number[] {
  const done = new Set(arrived.map(({ sequence }) => sequence));
  for (const [first, last] of arrived.flatMap(({ voided }) => voided)) {
    for (let sequence = first; sequence <= last; sequence += 1) done.add(sequence);
  }
  const settled = Math.max(0, ...arrived.map(({ settled }) => settled));
  return Array.from({ length: settled }, (_, index) => index + 1).filter((sequence) => !done.has(sequence));
}

/** Publishes by a plan; the publisher dies with what is under way at its end. */
function publish(plan: readonly { slot: number; ends: { ending: string; arrives: boolean } }[]) {
  const book = new StampBook("boot");
  const underWay = new Map<number, () => void>();
  const arrived: GroupStamp[] = [];
  const lost: GroupStamp[] = [];
  for (const { slot, ends } of plan) {
    underWay.get(slot)?.();
    const stamp = book.next(ONE);
    expect(readStamp(JSON.parse(JSON.stringify(writeStamp(stamp))))).toEqual(stamp);
    underWay.set(slot, () => {
      if (ends.ending === "not_handed_over") book.settle(stamp, { ending: "not_handed_over", reason: "queue_full" });
      else if (ends.ending === "unconfirmed") book.settle(stamp, { ending: "unconfirmed" });
      else book.settle(stamp, { ending: "confirmed" });
      if (ends.arrives) arrived.push(stamp);
      else if (ends.ending === "confirmed") lost.push(stamp);
    });
  }
  return { book, underWay, arrived, lost };
}

test("a reader misses nothing unless a confirmed group is lost, whatever else happens and whenever the publisher ends", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (plan, endsWell) => {
      const { underWay, arrived, lost } = publish(plan);
      if (endsWell) for (const end of underWay.values()) end();
      const missing = missingAfter(arrived);
      const toldByLost = new Set(
        lost.flatMap(({ voided }) =>
          voided.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index)),
        ),
      );
      const isLost = (sequence: number) => lost.some((stamp) => stamp.sequence === sequence);
      // With a lost group goes what it alone has said: missed together with it, never without.
      expect(missing.filter((sequence) => !isLost(sequence) && !toldByLost.has(sequence))).toEqual([]);
      if (lost.length === 0) expect(missing).toEqual([]);
      const settled = Math.max(0, ...arrived.map(({ settled }) => settled));
      const known = lost.map(({ sequence }) => sequence).filter((sequence) => sequence <= settled);
      expect(missing).toEqual(expect.arrayContaining(known));
    }),
    { numRuns: 500 },
  );
});

test("every loss is missed once a group that was begun after it arrives", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (plan) => {
      const { book, underWay, arrived, lost } = publish(plan);
      for (const end of underWay.values()) end();
      const last = book.next(ONE);
      const missing = missingAfter([...arrived, last]);
      expect(missing).toEqual(expect.arrayContaining(lost.map(({ sequence }) => sequence)));
      if (lost.length === 0) expect(missing).toEqual([]);
    }),
  );
});

test("a group is not settled while it or an earlier one is under way", () => {
  const book = new StampBook("boot");
  const [first, second] = [book.next(ONE), book.next(ONE)];
  book.settle(second, { ending: "confirmed" });
  expect(book.next(ONE)).toMatchObject({ sequence: 3, settled: 0, voided: [] });
  book.settle(first, { ending: "unconfirmed" });
  expect(book.next(ONE)).toMatchObject({ sequence: 4, settled: 2, voided: [[1, 1]] });
});

test("what has no room in a stamp is not settled by it", () => {
  const book = new StampBook("boot");
  for (let count = 0; count < 502; count += 1) {
    book.settle(book.next(ONE), { ending: "unconfirmed" });
    book.settle({ ...book.next(ONE), voided: [] }, { ending: "confirmed" });
  }
  const stamp = book.next(ONE);
  expect(stamp.voided).toHaveLength(500);
  expect(stamp).toMatchObject({ sequence: 1005, settled: 1000 });
  expect(readStamp(writeStamp(stamp))).toEqual(stamp);
  book.settle(stamp, { ending: "confirmed" });
  const voided = [
    [1001, 1001],
    [1003, 1003],
  ];
  expect(book.next(ONE)).toMatchObject({ settled: 1005, voided });
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
