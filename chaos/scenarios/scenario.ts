import type { Random } from "../random.ts";
import type { DockerWorld, StandaloneWorld, World } from "../world/world.ts";

/** What a fault works with while the load goes on. */
export interface Stage<W extends World> {
  readonly world: W;
  /** Follows from the seed. */
  readonly random: Random;
  /** The trouble is over now, and recovery begins; unless it is called, when the fault resolves. */
  readonly mended: () => void;
}

/** Something that breaks, and is whole again when it resolves. */
export interface Fault<W extends World> {
  readonly name: string;
  /** What may come of it without being a fault of the product. */
  readonly excuses?: readonly Excuse[];
  inject(stage: Stage<W>): Promise<void>;
}

/**
 * - `quota`: Redis lost its data, and with it how much of the quota was used.
 * - `deleted`: messages were deleted together with their queue; they are lost, and the accounting has to show it.
 * - `failed`: carriers refused again and again, so that a message's tries may be used up.
 * - `unknown`: who knew the outcome of a submit could not say it, and asking may not settle it.
 * - `hang`: a process stood still, so that a client may have waited in vain.
 */
export type Excuse = "quota" | "deleted" | "failed" | "unknown" | "hang";

/** One fault, and how long it took from its end until messages arrived again by every way; undefined: they did not. */
export interface Disturbance {
  readonly fault: string;
  readonly excuses?: readonly Excuse[];
  readonly tookS: number;
  readonly recoveryS: number | undefined;
  /** Why the fault itself could not be made, or not mended. */
  readonly failure?: string;
}

interface ScenarioFacts<W extends World> {
  readonly name: string;
  /** What is done, for the list of scenarios. */
  readonly description: string;
  /** In this order, again and again; or in an order that is drawn, and again in another one. */
  readonly faults: readonly Fault<W>[];
  readonly isDrawn?: true;
  /** How many faults in all. */
  readonly times: number;
}

export interface DockerScenario extends ScenarioFacts<DockerWorld> {
  readonly shape: "docker";
  /** Processes of each kind; two unless given. */
  readonly members?: 1;
  /** Postgres and RabbitMQ keep their data on small disks, which only root of a Linux machine can make. */
  readonly smallDisks?: true;
  /** Reports pass somebody who repeats and delays them. */
  readonly unrulyReports?: true;
}

export interface StandaloneScenario extends ScenarioFacts<StandaloneWorld> {
  readonly shape: "standalone";
}

export type Scenario = DockerScenario | StandaloneScenario;
