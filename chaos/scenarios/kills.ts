import { setTimeout as delay } from "node:timers/promises";
import { parseObject } from "../load/exchange.ts";
import { BATCH_NUMBER } from "../load/probe.ts";
import { killAndRestart, startUntilReady } from "../world/member.ts";
import type { DockerWorld } from "../world/world.ts";
import type { Fault } from "./scenario.ts";

type DockerFault = Fault<DockerWorld>;

/** `kill -9` of a gateway under load. */
export const KILL_GATEWAY: DockerFault = {
  name: "kill -9 of a gateway",
  inject: ({ world, random, mended }) => killAndRestart(random.pick(world.gateways).service, mended),
};

const BATCH_WITHIN_MS = 10_000;
const POLL_MS = 5;
const HOLD_MAX_MS = 250;

/**
 * `kill -9` of a worker while it holds a batch: for a moment its acknowledgements stay on their way, it works on what
 * RabbitMQ goes on giving it, and then it dies. RabbitMQ gives all of that to somebody once more.
 */
export const KILL_WORKER: DockerFault = {
  name: "kill -9 of a worker",
  excuses: ["unknown"],
  async inject({ world, random, mended }) {
    const { service, links } = random.pick(world.workers);
    const { rabbitmq } = links;
    if (rabbitmq === undefined) throw new Error(`${service.name} has no link to RabbitMQ`);
    rabbitmq.holdBack();
    try {
      await untilRecorded(world);
      await delay(random.int(0, HOLD_MAX_MS));
      await service.kill();
    } finally {
      // What stayed on its way is gone with it.
      rabbitmq.cut();
      rabbitmq.heal();
    }
    mended();
    await startUntilReady(service);
  },
};

/**
 * Sends a message and waits until it is recorded. Where there is one worker, it holds the batch with it then, since its
 * acknowledgement is kept back; where there are two, the other one may have taken that message.
 */
async function untilRecorded({ gatewayUrls, workerUrls, keys }: DockerWorld): Promise<void> {
  const headers = { "api-key": keys.probe, "content-type": "application/json" };
  const endsAtMs = performance.now() + BATCH_WITHIN_MS;
  const ask = async (url: string, body?: string) => {
    const signal = AbortSignal.timeout(BATCH_WITHIN_MS);
    const response = await fetch(url, { headers, signal, ...(body !== undefined && { method: "POST", body }) });
    return parseObject(await response.text()) ?? {};
  };
  const message = { to: BATCH_NUMBER, message: "In a batch", sms_type: "otp", ttl_seconds: 60 };
  const { tracking_id: id } = await ask(`${gatewayUrls[0]}/api/v1/sms/send`, JSON.stringify(message));
  if (typeof id !== "string") throw new Error("no message was accepted for a worker to die with");
  while (!("to" in (await ask(`${workerUrls[0]}/api/v1/sms/${id}`)))) {
    if (performance.now() > endsAtMs) throw new Error("the worker recorded nothing, so it holds no batch to die with");
    await delay(POLL_MS);
  }
}

/** `kill -9` of a gateway and a worker at the same time. */
export const KILL_BOTH: DockerFault = {
  name: "kill -9 of a gateway and a worker",
  excuses: ["unknown"],
  async inject({ world, random, mended }) {
    const services = [random.pick(world.gateways).service, random.pick(world.workers).service];
    await Promise.all(services.map((service) => killAndRestart(service, mended)));
  },
};

/** Any of ours, at least one and perhaps all. */
export const KILL_ANY: DockerFault = {
  name: "kill -9 of any",
  excuses: ["unknown"],
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
