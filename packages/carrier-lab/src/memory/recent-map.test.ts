import { expect, test } from "vitest";
import { createRecentMap } from "./recent-map.ts";

function createMap(entriesMax: number, lifeMs: number) {
  const clock = { nowMs: 0 };
  return { clock, map: createRecentMap<number>({ entriesMax, lifeMs, now: () => clock.nowMs }) };
}

test("never holds more than its maximum and always the newest half of it", () => {
  const { map } = createMap(10, 1000);
  for (let value = 0; value < 1000; value += 1) {
    map.set(`key ${value}`, value);
    const held = [...map.values()];
    expect(held.length).toBeLessThanOrEqual(10);
    expect(held.slice(0, 5)).toEqual([0, 1, 2, 3, 4].map((age) => value - age).filter((newer) => newer >= 0));
  }
});

test("keeps an entry for half of its life and no longer than all of it", () => {
  const { map, clock } = createMap(10, 1000);
  for (let offsetMs = 0; offsetMs < 1000; offsetMs += 90) {
    const setAtMs = clock.nowMs;
    map.set(`entry ${offsetMs}`, offsetMs);
    clock.nowMs = setAtMs + 499;
    expect(map.get(`entry ${offsetMs}`)).toBe(offsetMs);
    clock.nowMs = setAtMs + 1000 + offsetMs;
    expect(map.get(`entry ${offsetMs}`)).toBeUndefined();
  }
});

test("an entry set again counts as new and is held once", () => {
  const { map } = createMap(4, 1000);
  map.set("kept", 1);
  for (let value = 2; value < 50; value += 1) {
    map.set("kept", value);
    map.set(`other ${value}`, 0);
    expect(map.get("kept")).toBe(value);
    expect([...map.values()].filter((held) => held > 0)).toEqual([value]);
  }
});
