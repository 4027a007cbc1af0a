import { setTimeout as delay } from "node:timers/promises";
import type { CarrierMood } from "@sms-gateway/testkit";
import type { World } from "../world/world.ts";
import type { Excuse, Fault } from "./scenario.ts";

const UNRULY_MIN_MS = 4_000;
const UNRULY_MAX_MS = 10_000;
/** Of the submits that come in that time; the others work. */
const UNRULY_SHARE = 0.3;

function carriersAre(name: string, moods: readonly CarrierMood[], excuse: Excuse): Fault<World> {
  return {
    name: `carriers ${name}`,
    excuses: [excuse],
    async inject({ world, random }) {
      world.carriers.setMoods(() => (random.chance(UNRULY_SHARE) ? random.pick(moods) : "works"));
      try {
        await delay(random.int(UNRULY_MIN_MS, UNRULY_MAX_MS));
      } finally {
        world.carriers.setMood("works");
      }
    },
  };
}

/** What carriers do to submits. */
export const UNRULY_CARRIERS: readonly Fault<World>[] = [
  carriersAre("swallow submits", ["silent", "deaf"], "unknown"),
  carriersAre("break connections", ["breaks", "breaks_early"], "unknown"),
  carriersAre("answer rubbish", ["babbles", "babbles_only"], "unknown"),
  carriersAre("refuse for a while", ["down", "busy"], "failed"),
  carriersAre("report before they answer", ["late"], "unknown"),
];
