import { setTimeout as delay } from "node:timers/promises";
import { openSql, type Sql } from "@sms-gateway/testkit";
import type { DockerWorld } from "../world/world.ts";
import type { Fault } from "./scenario.ts";

type DockerFault = Fault<DockerWorld>;

const TROUBLE_MS = 10_000;
/** Each way: what an overloaded database or a far one takes. */
const SLOW_MS = 400;
/** Above `max_connections` of the testkit's Postgres (200). */
const CONNECTIONS = 210;
/** Whoever is thrown out comes back at once; so it is done again until all places are taken. */
const ROUNDS_MAX = 20;

/** Every statement takes almost a second longer. */
export const SLOW_POSTGRES: DockerFault = {
  name: "slow Postgres",
  excuses: ["unknown"],
  async inject({ world }) {
    const links = world.workers.flatMap((worker) => worker.links.postgres ?? []);
    for (const link of links) link.slowDown(SLOW_MS);
    try {
      await delay(TROUBLE_MS);
    } finally {
      for (const link of links) link.heal();
    }
  },
};

/** It takes no writes, as after a failover to a replica that is not promoted yet. */
export const READ_ONLY_POSTGRES: DockerFault = {
  name: "read-only Postgres",
  excuses: ["unknown"],
  async inject({ world }) {
    const sql = openSql(world.postgres.url);
    const setTo = async (value: "on" | "off"): Promise<void> => {
      await sql.ask(`alter system set default_transaction_read_only = ${value}`);
      await sql.ask("select pg_reload_conf()");
    };
    try {
      await setTo("on");
      await delay(TROUBLE_MS);
    } finally {
      await setTo("off");
      await sql.close();
    }
  },
};

/** Somebody else has taken all connections, those of the workers too. */
export const NO_CONNECTIONS: DockerFault = {
  name: "Postgres out of connections",
  excuses: ["unknown"],
  async inject({ world }) {
    const held: Sql[] = [];
    const operator = openSql(world.postgres.url);
    try {
      await operator.ask("select 1");
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        held.push(...(await takeConnections(world.postgres.url, CONNECTIONS - held.length)));
        const [{ others } = { others: 0 }] = await operator.ask<{ others: number }>(
          `select count(pg_terminate_backend(pid))::int as others from pg_stat_activity
           where backend_type = 'client backend' and application_name <> 'chaos' and pid <> pg_backend_pid()`,
        );
        if (others === 0) break;
        if (round === ROUNDS_MAX - 1) throw new Error(`${others} connections were still held by others`);
      }
      await delay(TROUBLE_MS);
    } finally {
      await Promise.all([operator, ...held].map((sql) => sql.close()));
    }
  },
};

/** As many as there are, at most `count`. */
async function takeConnections(url: string, count: number): Promise<Sql[]> {
  const named = new URL(url);
  named.searchParams.set("application_name", "chaos");
  const tried = await Promise.allSettled(
    Array.from({ length: count }, async () => {
      const sql = openSql(named.toString());
      try {
        await sql.ask("select 1");
        return sql;
      } catch (error) {
        await sql.close();
        throw error;
      }
    }),
  );
  return tried.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

/** Its disk is full for a while. Postgres ends itself when it cannot write its log, and is started again with room. */
export const FULL_POSTGRES_DISK: DockerFault = {
  name: "full disk of Postgres",
  excuses: ["unknown"],
  inject: ({ world }) => fillDisk(world, "postgres"),
};

export const FULL_RABBITMQ_DISK: DockerFault = {
  name: "full disk of RabbitMQ",
  inject: ({ world }) => fillDisk(world, "rabbitmq"),
};

async function fillDisk(world: DockerWorld, name: "postgres" | "rabbitmq"): Promise<void> {
  const disk = world.disks?.[name];
  if (disk === undefined) throw new Error(`${name} is not on a small disk here`);
  await disk.fill();
  try {
    await delay(TROUBLE_MS);
  } finally {
    await disk.free();
    // Whoever makes room starts the server again: Postgres has ended by itself, and RabbitMQ 3.10 lives on without its log.
    if (name === "rabbitmq") await world.rabbitmq.kill();
    await world[name].start();
  }
}
