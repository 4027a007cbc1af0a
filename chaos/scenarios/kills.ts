import { setTimeout as delay } from "node:timers/promises";
import type { Link } from "../world/link.ts";
import { killAndRestart, startUntilReady } from "../world/member.ts";
import type { DockerWorld } from "../world/world.ts";
import type { Fault } from "./scenario.ts";

type DockerFault = Fault<DockerWorld>;

/** `kill -9` of a gateway under load. */
export const KILL_GATEWAY: DockerFault = {
  name: "kill -9 of a gateway",
  inject: ({ world, random, mended }) => killAndRestart(random.pick(world.gateways).service, mended),
};

/** More than heartbeats and confirms of half a second: at least one group of requests. */
const BATCH_MIN_BYTES = 2_000;
const BATCH_WITHIN_MS = 10_000;
const POLL_MS = 5;
const HOLD_MAX_MS = 250;

/**
 * `kill -9` of a worker while it holds a batch: for a moment its acknowledgements stay on their way, it works on what
 * RabbitMQ goes on giving it, and then it dies. RabbitMQ gives all of that to somebody once more.
 */
export const KILL_WORKER: DockerFault = {
  name: "kill -9 of a worker",
  async inject({ world, random, mended }) {
    const { service, links } = random.pick(world.workers);
    if (links.rabbitmq === undefined) throw new Error(`${service.name} has no link to RabbitMQ`);
    await holdBatch(links.rabbitmq, random.int(0, HOLD_MAX_MS));
    await service.kill();
    // What stayed on its way is gone with it.
    links.rabbitmq.cut();
    links.rabbitmq.heal();
    mended();
    await startUntilReady(service);
  },
};

/** Resolves so many ms after somebody was given a batch that it cannot have acknowledged. */
async function holdBatch(link: Link, ms: number): Promise<void> {
  link.holdBack();
  const before = link.carried();
  const endsAtMs = performance.now() + BATCH_WITHIN_MS;
  while (link.carried() < before + BATCH_MIN_BYTES) {
    if (performance.now() > endsAtMs) {
      link.heal();
      throw new Error("the worker was given no batch to die with");
    }
    await delay(POLL_MS);
  }
  await delay(ms);
}

/** `kill -9` of a gateway and a worker at the same time. */
export const KILL_BOTH: DockerFault = {
  name: "kill -9 of a gateway and a worker",
  async inject({ world, random, mended }) {
    const services = [random.pick(world.gateways).service, random.pick(world.workers).service];
    await Promise.all(services.map((service) => killAndRestart(service, mended)));
  },
};

/** Any of ours, at least one and perhaps all. */
export const KILL_ANY: DockerFault = {
  name: "kill -9 of any",
  async inject({ world, random, mended }) {
    const services = [...world.gateways, ...world.workers].map(({ service }) => service);
    const chosen = services.filter(() => random.chance(0.4));
    if (chosen.length === 0) chosen.push(random.pick(services));
    await Promise.all(chosen.map((service) => killAndRestart(service, mended)));
  },
};

/** SIGTERM to one after the other, as an update does it; each is up again before the next. */
export const ROLLING_RESTART: DockerFault = {
  name: "rolling restart",
  async inject({ world }) {
    for (const { service } of [...world.workers, ...world.gateways]) {
      const { exitCode, tookMs } = await service.stop();
      if (exitCode !== 0) throw new Error(`${service.name} ended with ${exitCode} after ${Math.round(tookMs)} ms`);
      await service.start();
    }
  },
};
