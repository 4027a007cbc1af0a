import type { Health } from "./read-health.ts";

/**
 * What a process may grow by between two equal rounds. V8 collects its heap when it must and not when it could, so
 * memory moves by tens of MiB at rest; what leaks a few kB per request is far above this after tens of thousands.
 */
const ROUND_GROWTH_MAX_MIB = 64;
/** From the end of the warm-up to the end. */
const TOTAL_GROWTH_MAX_MIB = 96;
/** Kept connections between our own processes; each fuzzed request has one of its own, which must be gone. */
const FILES_GROWTH_MAX = 80;

/** What is wrong with how a process did: `health` after the warm-up and after each round that followed. */
export function judgeHealth(health: readonly Health[]): string[] {
  const [warm, last, before] = [health[0], health.at(-1), health.at(-2)];
  if (warm === undefined || last === undefined || before === undefined) return [];
  const problems: string[] = [];
  if (last.startedAtS !== warm.startedAtS) problems.push("the process ended, and another one runs");
  if (!last.isReady) problems.push("it is not ready at the end");
  const total = last.residentMib - warm.residentMib;
  const round = last.residentMib - before.residentMib;
  const seen = health.map(({ residentMib }) => residentMib.toFixed(0)).join(", ");
  if (total > TOTAL_GROWTH_MAX_MIB || round > ROUND_GROWTH_MAX_MIB) problems.push(`its memory grows: ${seen} MiB`);
  const files = (last.openFiles ?? 0) - (warm.openFiles ?? 0);
  if (files > FILES_GROWTH_MAX)
    problems.push(`it keeps files or sockets open: ${warm.openFiles}, then ${last.openFiles}`);
  return problems;
}
