/** Numbers that follow from a seed alone, so that a run can be replayed. Not for secrets. */
export interface Random {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number, both ends included. */
  int(min: number, max: number): number;
  chance(probability: number): boolean;
  /** @throws RangeError when the list is empty */
  pick<T>(list: readonly T[]): T;
  /** Another list with the same items. */
  shuffle<T>(list: readonly T[]): T[];
  /** Another sequence that follows from this seed and the name, whatever was drawn here before. */
  fork(name: string): Random;
}

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, even enough for schedules. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    int: (min, max) => min + Math.floor(next() * (max - min + 1)),
    chance: (probability) => next() < probability,
    pick(list) {
      const picked = list[Math.floor(next() * list.length)];
      if (picked === undefined) throw new RangeError("there is nothing to pick from");
      return picked;
    },
    shuffle(list) {
      // Fisher and Yates.
      const shuffled = [...list];
      for (let last = shuffled.length - 1; last > 0; last -= 1) {
        const other = Math.floor(next() * (last + 1));
        shuffled.push(...shuffled.splice(other, 1));
      }
      return shuffled;
    },
    fork: (name) => createRandom(hash(name, seed)),
  };
}

/** FNV-1a, started from the seed. */
function hash(text: string, seed: number): number {
  let value = (0x811c9dc5 ^ seed) >>> 0;
  for (const unit of Buffer.from(text)) value = Math.imul(value ^ unit, 0x01000193) >>> 0;
  return value;
}
