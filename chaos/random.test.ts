import { describe, expect, test } from "vitest";
import { createRandom } from "./random.ts";

const draw = (seed: number, count: number) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.next());
};

describe("numbers that follow from a seed", () => {
  test("are the same for the same seed, and others for another", () => {
    expect(draw(7, 50)).toEqual(draw(7, 50));
    expect(draw(7, 50)).not.toEqual(draw(8, 50));
  });

  test("lie from 0 to below 1, and are spread over that", () => {
    const tenths = new Set(draw(1, 500).map((value) => Math.floor(value * 10)));
    expect([...tenths].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("are whole ones with both ends included", () => {
    const random = createRandom(3);
    const drawn = new Set(Array.from({ length: 200 }, () => random.int(-1, 2)));
    expect([...drawn].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
  });

  test("a fork does not depend on what was drawn before, but on its name", () => {
    const [fresh, used] = [createRandom(5), createRandom(5)];
    used.next();
    expect(used.fork("load").next()).toBe(fresh.fork("load").next());
    expect(fresh.fork("load").next()).not.toBe(fresh.fork("faults").next());
  });

  test("a shuffled list has the same items, in every order", () => {
    const random = createRandom(4);
    const orders = new Set(Array.from({ length: 200 }, () => random.shuffle(["a", "b", "c"]).join("")));
    expect([...orders].sort()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
  });

  test("nothing can be picked from an empty list", () => {
    expect(() => createRandom(1).pick([])).toThrow(RangeError);
  });
});
