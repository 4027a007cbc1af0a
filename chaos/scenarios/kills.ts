import { killAndRestart } from "../world/member.ts";
import type { DockerWorld } from "../world/world.ts";
import type { Fault } from "./scenario.ts";

type DockerFault = Fault<DockerWorld>;

/** `kill -9` of a gateway under load. */
export const KILL_GATEWAY: DockerFault = {
  name: "kill -9 of a gateway",
  inject: ({ world, random, mended }) => killAndRestart(random.pick(world.gateways).service, mended),
};

/** `kill -9` of a worker; under load it holds a batch at almost every moment. */
export const KILL_WORKER: DockerFault = {
  name: "kill -9 of a worker",
  inject: ({ world, random, mended }) => killAndRestart(random.pick(world.workers).service, mended),
};

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
