import { setTimeout as delay } from "node:timers/promises";
import { freeze } from "../world/member.ts";
import type { DockerWorld } from "../world/world.ts";
import type { Fault } from "./scenario.ts";

/** Past the age at which another gateway takes a reservation over (30 s), and past a worker's lease (30 s). */
const LONGER_THAN_LEASES_MS = 36_000;
const CLOCK_OFF_MS = 300_000;
const CLOCK_OFF_FOR_MS = 10_000;

/** SIGSTOP, and much later SIGCONT: it goes on as if no time had passed. */
export const FREEZE_GATEWAY: Fault<DockerWorld> = {
  name: "frozen gateway",
  excuses: ["hang"],
  inject: ({ world, random }) => freeze(random.pick(world.gateways).service, LONGER_THAN_LEASES_MS),
};

export const FREEZE_WORKER: Fault<DockerWorld> = {
  name: "frozen worker",
  excuses: ["hang", "unknown"],
  inject: ({ world, random }) => freeze(random.pick(world.workers).service, LONGER_THAN_LEASES_MS),
};

function shiftClock(name: string, offsetMs: number): Fault<DockerWorld> {
  return {
    name,
    async inject({ world, random }) {
      const worker = random.pick(world.workers);
      worker.shiftClock(offsetMs);
      try {
        await delay(CLOCK_OFF_FOR_MS);
      } finally {
        worker.shiftClock(0);
      }
    },
  };
}

/** A worker's wall clock is five minutes ahead or behind, and then right again. */
export const CLOCK_JUMPS: readonly Fault<DockerWorld>[] = [
  shiftClock("a worker's clock is ahead", CLOCK_OFF_MS),
  shiftClock("a worker's clock is behind", -CLOCK_OFF_MS),
];
