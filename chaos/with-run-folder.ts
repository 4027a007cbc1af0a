import { listProcesses, sendSignal, treeOf } from "@sms-gateway/embedded-postgres";
import { openRunFolder, type RunFolder } from "@sms-gateway/testkit";
import { readPostmasterPid } from "./world/start-standalone-world.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Works in a folder of its own below `base`, which is removed afterwards, and with it every server that has its data
 * there; also when this process is told to end. Then the work never ends, so that nobody takes a run for done.
 */
export async function withRunFolder<T>(base: string, work: (folder: RunFolder) => Promise<T>): Promise<T> {
  const folder = await openRunFolder(base);
  let isLeaving = false;
  const leave = (): void => {
    isLeaving = true;
    void endAll(folder).finally(() => process.exit(1));
  };
  for (const signal of SIGNALS) process.once(signal, leave);
  try {
    return await work(folder);
  } finally {
    for (const signal of SIGNALS) process.off(signal, leave);
    if (isLeaving) await new Promise(() => undefined);
    await folder.remove();
  }
}

/** Our own processes first, so that none of them starts or needs a server that is ended. */
async function endAll(folder: RunFolder): Promise<void> {
  for (const { pid } of treeOf(await listProcesses(), [process.pid]))
    if (pid !== process.pid) sendSignal(pid, "SIGKILL");
  // Whose owner was killed before is nobody's child any longer.
  const postmaster = await readPostmasterPid(folder.path);
  if (postmaster !== undefined) sendSignal(postmaster, "SIGQUIT");
  await folder.remove();
}
