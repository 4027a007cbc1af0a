import fc from "fast-check";
import { expect, test } from "vitest";
import { orderByReferences } from "./list-tables.ts";

test("puts each table after all that it refers to", () => {
  // A table refers only to those of a lower number, in whatever order they are listed: then there is no ring.
  const tables = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 });
  const references = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 20 });
  fc.assert(
    fc.property(tables, references, (numbers, pairs) => {
      const down = pairs.map(([a, b]) => ({ from: `t${Math.max(a, b)}`, to: `t${Math.min(a, b)}` }));
      const names = numbers.map((number) => ({ name: `t${number}` }));
      const ordered = orderByReferences(names, down).map(({ name }) => name);
      expect(ordered.toSorted()).toEqual(names.map(({ name }) => name).sort());
      for (const { from, to } of down) expect(ordered.indexOf(to)).toBeLessThanOrEqual(ordered.indexOf(from));
    }),
  );
});

test("says which tables form a ring", () => {
  const tables = [{ name: "a" }, { name: "b" }, { name: "c" }];
  const ring = [
    { from: "a", to: "b" },
    { from: "b", to: "a" },
  ];
  expect(() => orderByReferences(tables, ring)).toThrow("foreign keys form a ring: a, b");
});
