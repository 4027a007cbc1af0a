import { setTimeout as delay } from "node:timers/promises";
import { sendSignal } from "@sms-gateway/embedded-postgres";
import { freeze, killAndRestart } from "../world/member.ts";
import type { StandaloneWorld } from "../world/world.ts";
import type { Fault } from "./scenario.ts";

type StandaloneFault = Fault<StandaloneWorld>;

const FREEZE_MS = 36_000;
const POLL_MS = 50;
const NEW_POSTGRES_WITHIN_MS = 60_000;

/** `kill -9` of the process; its Postgres stays, and is adopted by the next one. */
export const KILL_STANDALONE: StandaloneFault = {
  name: "kill -9 of the process",
  excuses: ["unknown"],
  inject: ({ world, mended }) => killAndRestart(world.standalone, mended),
};

/** `kill -9` of the embedded Postgres; the process starts another. */
export const KILL_EMBEDDED_POSTGRES: StandaloneFault = {
  name: "kill -9 of its Postgres",
  excuses: ["unknown"],
  async inject({ world, mended }) {
    const pid = await world.readPostgresPid();
    if (pid === undefined) throw new Error("there is no Postgres to kill");
    sendSignal(pid, "SIGKILL");
    mended();
    const endsAtMs = performance.now() + NEW_POSTGRES_WITHIN_MS;
    for (let next = pid; next === pid || next === undefined; ) {
      if (performance.now() > endsAtMs) throw new Error("no other Postgres was started");
      await delay(POLL_MS);
      next = (await world.readPostgresPid()) ?? pid;
    }
  },
};

/** SIGSTOP, and SIGCONT after every lease is over. */
export const FREEZE_STANDALONE: StandaloneFault = {
  name: "frozen process",
  excuses: ["hang", "unknown"],
  inject: ({ world }) => freeze(world.standalone, FREEZE_MS),
};
