import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random.ts";
import type { Link } from "../world/link.ts";
import type { DockerWorld, LinkName, Member } from "../world/world.ts";
import type { Fault } from "./scenario.ts";

const CUT_MIN_MS = 2_000;
const CUT_MAX_MS = 8_000;

type Side = "gateways" | "workers";

/** Between which two, and how: connections end, or nothing passes and nobody is told. */
function cutBetween(side: Side, name: LinkName, how: "cut" | "silence"): Fault<DockerWorld> {
  return {
    name: `${how} between ${side} and ${name}`,
    ...(side === "workers" && name === "postgres" && { excuses: ["unknown"] }),
    async inject({ world, random }) {
      const links = pickMembers(world[side], random).flatMap((member) => member.links[name] ?? []);
      await cutFor(links, how, random.int(CUT_MIN_MS, CUT_MAX_MS));
    },
  };
}

/** One of them, or all. */
function pickMembers(members: readonly Member[], random: Random): readonly Member[] {
  return random.chance(0.5) ? [random.pick(members)] : members;
}

async function cutFor(links: readonly Link[], how: "cut" | "silence", ms: number): Promise<void> {
  for (const link of links) link[how]();
  try {
    await delay(ms);
  } finally {
    for (const link of links) link.heal();
  }
}

const PAIRS: readonly (readonly [Side, LinkName])[] = [
  ["gateways", "rabbitmq"],
  ["gateways", "redis"],
  ["gateways", "worker"],
  ["workers", "rabbitmq"],
  ["workers", "redis"],
  ["workers", "postgres"],
];

/** Each pair both ways. */
export const NETWORK_CUTS: readonly Fault<DockerWorld>[] = PAIRS.flatMap(([side, name]) => [
  cutBetween(side, name, "cut"),
  cutBetween(side, name, "silence"),
]);
