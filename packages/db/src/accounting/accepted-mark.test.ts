import type { SequenceRange } from "@sms-gateway/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type AcceptedMark, noteArrival } from "./accepted-mark.ts";

const EMPTY: AcceptedMark = { highest: 0, gaps: [] };
const NOW = new Date("2026-11-21T12:00:00Z");

function noteAll(mark: AcceptedMark, sequences: readonly number[], now = NOW): AcceptedMark {
  return sequences.reduce((so, sequence) => noteArrival(so, { sequence, voided: [] }, now).mark, mark);
}

const rangesOf = ({ gaps }: AcceptedMark): SequenceRange[] => gaps.map(({ first, last }) => [first, last]);

test("knows what is missing, whatever arrives in whatever order, how often and what is void", () => {
  const step = fc.record({
    sequence: fc.integer({ min: 1, max: 30 }),
    voids: fc.array(fc.integer({ min: 1, max: 30 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let mark = EMPTY;
      const done = new Set<number>();
      let highest = 0;
      for (const { sequence, voids } of steps) {
        const earlier = [...new Set(voids)].filter((one) => one < sequence).sort((a, b) => a - b);
        const voided = earlier.map((one): SequenceRange => [one, one]);
        const arrival = noteArrival(mark, { sequence, voided }, NOW);
        expect(arrival.isNew).toBe(!done.has(sequence));
        mark = arrival.mark;
        for (const one of [sequence, ...earlier]) done.add(one);
        highest = Math.max(highest, sequence);
        const missing = Array.from({ length: highest }, (_, index) => index + 1).filter((one) => !done.has(one));
        const inGaps = mark.gaps.flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, index) => first + index),
        );
        expect([mark.highest, inGaps]).toEqual([highest, missing]);
      }
    }),
  );
});

test("counts a gap from 1 for a publisher whose first group was never seen", () => {
  expect(noteAll(EMPTY, [4]).gaps).toEqual([{ first: 1, last: 3, since: NOW, reported: false }]);
});

test("keeps for what is left of a gap since when it is open, and that it was reported", () => {
  const later = new Date(NOW.getTime() + 1_000);
  const opened = noteAll(EMPTY, [1, 10]);
  const reported = { ...opened, gaps: opened.gaps.map((gap) => ({ ...gap, reported: true })) };
  const { mark, isNew, late } = noteArrival(reported, { sequence: 5, voided: [[7, 7]] }, later);
  expect(isNew).toBe(true);
  expect(rangesOf(mark)).toEqual([
    [2, 4],
    [6, 6],
    [8, 9],
  ]);
  expect(mark.gaps.every(({ since, reported }) => since === NOW && reported)).toBe(true);
  expect(late.map(({ first, last }) => [first, last])).toEqual([
    [5, 5],
    [7, 7],
  ]);
  expect(noteArrival(mark, { sequence: 5, voided: [] }, later)).toEqual({ mark, isNew: false, late: [] });
});
