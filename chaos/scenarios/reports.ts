import { setTimeout as delay } from "node:timers/promises";
import type { ReportMood } from "../world/unruly-reports.ts";
import type { DockerWorld } from "../world/world.ts";
import type { Fault } from "./scenario.ts";

const UNRULY_MS = 8_000;
const UNRULY_SHARE = 0.5;

function reportsAre(name: string, mood: ReportMood): Fault<DockerWorld> {
  return {
    name: `reports ${name}`,
    async inject({ world, random }) {
      world.reports?.setMoods(() => (random.chance(UNRULY_SHARE) ? mood : "works"));
      try {
        await delay(UNRULY_MS);
      } finally {
        world.reports?.setMoods(() => "works");
      }
    },
  };
}

/** What happens to reports on their way. */
export const UNRULY_REPORTS: readonly Fault<DockerWorld>[] = [
  reportsAre("come twice", "twice"),
  reportsAre("come late and in another order", "late"),
  reportsAre("are lost", "lost"),
];
