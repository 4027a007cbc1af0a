import { stopProcess } from "./local-process.ts";
import { PROGRAM_NAMES } from "./local-programs.ts";
import { listLiving, removeRunRecord } from "./run-record.ts";
import { databaseFolder, stopLeftDatabase } from "./standalone-database.ts";

/**
 * Stops what runs of the standalone shape, the carrier lab last, and an embedded Postgres that a killed process has left
 * behind. Says what it does; false when nothing ran.
 */
export async function stopStandalone(root: string): Promise<boolean> {
  const living = await listLiving(root);
  for (const record of living.toReversed()) {
    const startedAt = performance.now();
    const { killed } = await stopProcess(root, record);
    const took = ((performance.now() - startedAt) / 1000).toFixed(1);
    const how = killed ? "killed, since it did not stop in time" : "stopped";
    console.log(`${record.name} (process ${record.pid}): ${how}, after ${took} s.`);
    if (record.name === "standalone") await stopLeft(root);
  }
  for (const name of PROGRAM_NAMES) removeRunRecord(root, name);
  return (await stopLeft(root)) || living.length > 0;
}

async function stopLeft(root: string): Promise<boolean> {
  const wasLeft = await stopLeftDatabase(databaseFolder(root));
  if (wasLeft) console.log("The embedded Postgres, left running by a process that was killed: stopped.");
  return wasLeft;
}
