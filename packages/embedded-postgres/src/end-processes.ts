import { findProcess, listProcesses, sendSignal, stillAlive, treeOf } from "./process-table.ts";

/** A process told apart from any later one of the same pid. */
export type KnownProcess = { readonly pid: number; readonly identity: string };

/** A way to ask for an end, and how long to wait before the next one. */
export type EndStep = { readonly signal: NodeJS.Signals; readonly graceMs: number };

const ASK_INTERVAL_MS = 20;
/** The kernel ends a killed process at once unless it hangs in a device; longer means that it will not end at all. */
const KILL_TIMEOUT_MS = 10_000;

/** This process, as it is told apart from any later one. */
export async function identifySelf(): Promise<KnownProcess> {
  const self = await findProcess(process.pid);
  if (self === undefined) throw new Error(`process ${process.pid} does not find itself in the process table`);
  return { pid: self.pid, identity: self.identity };
}

/**
 * Asks with each signal in turn until all have ended, descendants included, then kills what is left. Returns when all
 * are gone.
 */
export async function endProcesses(roots: readonly KnownProcess[], steps: readonly EndStep[]): Promise<void> {
  const pids = (await stillAlive(roots)).map(({ pid }) => pid);
  if (pids.length === 0) return;
  const tree = treeOf(await listProcesses(), pids);
  // A frozen process takes no signal but SIGKILL.
  for (const pid of pids) sendSignal(pid, "SIGCONT");
  for (const { signal, graceMs } of steps) {
    for (const { pid } of await stillAlive(roots)) sendSignal(pid, signal);
    if (await areGoneWithin(graceMs, tree)) return;
  }
  await killTree(await stillAlive(tree));
}

/**
 * SIGKILL for the processes and all their descendants; returns when all are gone. The roots are frozen first, so
 * that none forks a child after the children were counted.
 * @throws Error when one does not end even so
 */
export async function killTree(roots: readonly KnownProcess[]): Promise<void> {
  if (roots.length === 0) return;
  const pids = roots.map(({ pid }) => pid);
  for (const pid of pids) sendSignal(pid, "SIGSTOP");
  const tree = treeOf(await listProcesses(), pids);
  for (const { pid } of tree) sendSignal(pid, "SIGKILL");
  if (!(await areGoneWithin(KILL_TIMEOUT_MS, tree))) {
    throw new Error(`processes ${pids} did not end within ${KILL_TIMEOUT_MS} ms of SIGKILL`);
  }
}

async function areGoneWithin(limitMs: number, processes: readonly KnownProcess[]): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while ((await stillAlive(processes)).length > 0) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, ASK_INTERVAL_MS));
  }
  return true;
}
