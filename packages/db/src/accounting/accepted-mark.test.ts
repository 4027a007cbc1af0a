import type { SequenceRange } from "@sms-gateway/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type AcceptedMark, noteArrival, writeOff } from "./accepted-mark.ts";

const EMPTY: AcceptedMark = { highest: 0, gaps: [] };
const NOW = new Date("2026-11-21T12:00:00Z");
const LATER = new Date(NOW.getTime() + 1_000);
const OPEN = { since: null, reported: false, writtenOffAt: null };
const MISSING = { ...OPEN, since: NOW };

/** Each says that all before it have ended. */
function noteAll(mark: AcceptedMark, sequences: readonly number[]): AcceptedMark {
  return sequences.reduce(
    (so, sequence) => noteArrival(so, { sequence, settled: sequence - 1, voided: [] }, NOW).mark,
    mark,
  );
}

const report = (mark: AcceptedMark) => ({ ...mark, gaps: mark.gaps.map((gap) => ({ ...gap, reported: true })) });
const rangesOf = (gaps: AcceptedMark["gaps"]): SequenceRange[] => gaps.map(({ first, last }) => [first, last]);
const numbersOf = (gaps: AcceptedMark["gaps"]): number[] =>
  gaps.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/** The stamps of one publisher, in the order of their sequences: what is settled never falls. */
const stamps = fc
  .array(
    fc.record({
      settles: fc.nat(3),
      voids: fc.array(fc.integer({ min: 1, max: 30 })),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((steps) => {
    let settled = 0;
    return steps.map(({ settles, voids }, index) => {
      settled = Math.min(index, settled + settles);
      const earlier = [...new Set(voids)].filter((one) => one <= index).sort((a, b) => a - b);
      return { sequence: index + 1, settled, voided: earlier.map((one): SequenceRange => [one, one]) };
    });
  });
const arrivals = stamps.chain((all) => fc.array(fc.constantFrom(...all), { maxLength: 60 }));

test("knows what is missing and what is open, whatever arrives in whatever order, how often and what is void", () => {
  fc.assert(
    fc.property(arrivals, (arriving) => {
      let mark = EMPTY;
      const done = new Set<number>();
      let [highest, settledMost] = [0, 0];
      for (const stamp of arriving) {
        const arrival = noteArrival(mark, stamp, NOW);
        expect(arrival.isNew).toBe(!done.has(stamp.sequence));
        mark = arrival.mark;
        for (const one of [stamp.sequence, ...stamp.voided.map(([first]) => first)]) done.add(one);
        highest = Math.max(highest, stamp.sequence);
        settledMost = Math.max(settledMost, stamp.settled);
        expect([mark.highest, numbersOf(mark.gaps)]).toEqual([highest, upTo(highest).filter((one) => !done.has(one))]);
        const missing = mark.gaps.filter(({ since }) => since !== null);
        expect(numbersOf(missing)).toEqual(upTo(settledMost).filter((one) => !done.has(one)));
      }
    }),
  );
});

test("counts a gap from 1 for a publisher whose first group was never seen", () => {
  expect(noteAll(EMPTY, [4]).gaps).toEqual([{ ...MISSING, first: 1, last: 3 }]);
});

test("misses nothing of which its publisher has not said that it ended", () => {
  const { mark } = noteArrival(EMPTY, { sequence: 6, settled: 2, voided: [[1, 1]] }, NOW);
  expect(mark.gaps).toEqual([
    { ...MISSING, first: 2, last: 2 },
    { ...OPEN, first: 3, last: 5 },
  ]);
  const after = noteArrival(mark, { sequence: 7, settled: 4, voided: [[3, 3]] }, LATER).mark;
  expect(after.gaps).toEqual([
    { ...MISSING, first: 2, last: 2 },
    { ...MISSING, first: 4, last: 4, since: LATER },
    { ...OPEN, first: 5, last: 5 },
  ]);
});

test("does not count a void group that arrives all the same, nor calls it late", () => {
  const reported = report(noteAll(EMPTY, [3]));
  const { mark } = noteArrival(reported, { sequence: 4, settled: 3, voided: [[1, 2]] }, NOW);
  expect(noteArrival(mark, { sequence: 2, settled: 0, voided: [] }, NOW)).toEqual({ mark, isNew: false, late: [] });
});

test("keeps for what is left of a gap since when it is missing, and that it was reported", () => {
  const reported = report(noteAll(EMPTY, [1, 10]));
  const { mark, isNew, late } = noteArrival(reported, { sequence: 8, settled: 7, voided: [[4, 5]] }, LATER);
  expect(isNew).toBe(true);
  expect(rangesOf(mark.gaps)).toEqual([
    [2, 3],
    [6, 7],
    [9, 9],
  ]);
  expect(mark.gaps.every(({ since, reported }) => since === NOW && reported)).toBe(true);
  expect(rangesOf(late)).toEqual([
    [4, 5],
    [8, 8],
  ]);
  const again = noteArrival(mark, { sequence: 8, settled: 7, voided: [] }, LATER);
  expect(again).toEqual({ mark, isNew: false, late: [] });
});

test("misses no more what is written off, and counts it when it arrives", () => {
  const reported = report(noteAll(EMPTY, [4]));
  const open = noteArrival(reported, { sequence: 6, settled: 4, voided: [] }, NOW).mark;
  const { mark, writtenOff } = writeOff(open, [2, 9], LATER);
  expect(rangesOf(writtenOff)).toEqual([[2, 3]]);
  expect(mark.gaps).toEqual([
    { ...MISSING, first: 1, last: 1, reported: true },
    { ...MISSING, first: 2, last: 3, reported: true, writtenOffAt: LATER },
    { ...OPEN, first: 5, last: 5 },
  ]);
  expect(writeOff(mark, [2, 9], LATER)).toEqual({ mark, writtenOff: [] });
  const arrival = noteArrival(mark, { sequence: 2, settled: 1, voided: [] }, LATER);
  expect([arrival.isNew, arrival.late]).toEqual([true, []]);
});

test("keeps 1 000 gaps: forgets what is written off, then joins the oldest losses", () => {
  const sequences = upTo(1_000).map((one) => 2 * one);
  const full = noteAll(EMPTY, sequences);
  expect(full.gaps).toHaveLength(1_000);
  const over = noteAll(full, [2_002]);
  expect([over.gaps.length, over.gaps[0], over.gaps[1]]).toMatchObject([
    1_000,
    { first: 1, last: 3 },
    { first: 5, last: 5 },
  ]);
  const writtenOff = writeOff(full, [1, 1], LATER).mark;
  expect(noteAll(writtenOff, [2_002]).gaps).toEqual([...full.gaps.slice(1), { ...MISSING, first: 2_001, last: 2_001 }]);
});

test("forgets the oldest open gaps where there are too many of them", () => {
  const mark = upTo(1_001).reduce(
    (so, one) => noteArrival(so, { sequence: 2 * one, settled: 0, voided: [] }, NOW).mark,
    EMPTY,
  );
  expect([mark.gaps.length, mark.gaps[0]]).toEqual([1_000, { ...OPEN, first: 3, last: 3 }]);
});
