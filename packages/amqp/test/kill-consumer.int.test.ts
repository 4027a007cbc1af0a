import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { AcceptedEnvelope } from "@sms-gateway/contracts";
import { describeWith, probeConsumer, sampleEnvelopes, waitFor } from "@sms-gateway/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AmqpWorld, openAmqpWorld } from "./amqp-world.ts";

const SCRIPT = fileURLToPath(new URL("consumer-process.ts", import.meta.url));

describeWith("rabbitmq", "a consumer that is killed", (url) => {
  let world: AmqpWorld;
  beforeEach(async () => {
    world = await openAmqpWorld(url);
  });
  afterEach(() => world.close());

  test("loses nothing in five kills while it holds a batch", async () => {
    const queue = await world.open();
    const groups = Array.from({ length: 60 }, (_, index) => sampleEnvelopes((index % 4) + 1));
    for (const group of groups) expect(await queue.publishAccepted("bulk", group)).toEqual({ ending: "confirmed" });
    const takenByVictims = new Set<string>();
    const heldAtDeath = new Set<string>();
    for (let kills = 0; kills < 5; kills += 1) {
      const { taken, holding } = await killWhileHolding(url, world.namePrefix);
      for (const seed of taken) takenByVictims.add(seed);
      for (const seed of holding) heldAtDeath.add(seed);
    }
    const probe = probeConsumer<AcceptedEnvelope>();
    await queue.consumeAccepted("bulk", probe.options);
    await waitFor(async () => Object.values((await queue.depths()) ?? { away: 1 }).every((depth) => depth === 0), {
      what: "the queues to be empty",
    });
    const all = groups.flat().map(({ seed }) => seed);
    const accounted = () => new Set([...takenByVictims, ...probe.taken.flat().map(({ seed }) => seed)]);
    await waitFor(() => accounted().size >= all.length, { what: "every envelope" });
    expect([...accounted()].toSorted()).toEqual(all.toSorted());
    expect(heldAtDeath.size).toBeGreaterThanOrEqual(1);
  });
});

/** Runs a consumer process until it holds a batch, then ends it with SIGKILL. */
async function killWhileHolding(url: string, namePrefix: string): Promise<{ taken: string[]; holding: string[] }> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--conditions=@sms-gateway/source", SCRIPT, url, namePrefix],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = once(child, "exit");
  const taken: string[] = [];
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const told = JSON.parse(line);
      if (told.taken !== undefined) taken.push(...told.taken);
      if (told.holding === undefined) continue;
      child.kill("SIGKILL");
      await exited;
      return { taken, holding: told.holding };
    }
  } finally {
    child.kill("SIGKILL");
  }
  throw new Error(`the consumer ended before it held a batch (exit code ${child.exitCode})`);
}
