import { openRunFolder, type RunFolder } from "@sms-gateway/testkit";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Works in a folder of its own below `base`, which is removed afterwards, and with it every server that has its data
 * there; also when this process is told to end.
 */
export async function withRunFolder<T>(base: string, work: (folder: RunFolder) => Promise<T>): Promise<T> {
  const folder = await openRunFolder(base);
  // Our own processes end with this one; the servers are ended with their folder.
  const leave = (): void => void folder.remove().finally(() => process.exit(1));
  for (const signal of SIGNALS) process.once(signal, leave);
  try {
    return await work(folder);
  } finally {
    for (const signal of SIGNALS) process.off(signal, leave);
    await folder.remove();
  }
}
