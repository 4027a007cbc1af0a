import { join } from "node:path";
import { writeTryCommand } from "./announce.ts";
import { startFromSources, untilStopped } from "./dev-process.ts";
import { generateSecrets, readServiceEnvironment } from "./env-file.ts";
import { listPrograms, portOf } from "./local-programs.ts";
import { refuseTakenPorts } from "./port-owner.ts";
import { refuseWrongSettings } from "./refuse-wrong-settings.ts";
import { DEV_DATABASE_FOLDER, stopLeftDatabase } from "./standalone-database.ts";

/**
 * Gateway and worker in one process, and the carrier lab, from sources until Ctrl-C, with data of their own under
 * `.data/dev/` unless `DATABASE_URL` names a database.
 */
export async function devStandalone(root: string, why: string): Promise<number> {
  console.log(`From sources, without Docker, since ${why}.`);
  generateSecrets(root, { serverPasswords: false });
  await refuseWrongSettings(root, readServiceEnvironment(root));
  const programs = listPrograms(readServiceEnvironment(root));
  await refuseTakenPorts(programs.flatMap((program) => program.ports));
  const environment = {
    EMBEDDED_POSTGRES_DIR: DEV_DATABASE_FOLDER,
    LAB_INBOX_FILE: ".data/dev/lab/inbox.jsonl",
    ...readServiceEnvironment(root),
  };
  const stopped = untilStopped();
  const children = programs.map(({ name }) => startFromSources(root, name, environment));
  console.log(`
Ready when standalone says service.started. Ctrl-C ends everything; the data stays in .data/dev.
  Gateway      http://localhost:${portOf(environment, "GATEWAY_PORT")}      Worker  http://localhost:${portOf(environment, "WORKER_PORT")}      Carrier lab  http://localhost:${portOf(environment, "LAB_PORT")}
  Try in another terminal: ${writeTryCommand(environment)}
`);
  await stopped;
  // The lab last: until then it takes what is still being sent.
  for (const child of children.toReversed()) await child.stop();
  // tsx kills a process that takes more than 5 s to stop.
  await stopLeftDatabase(join(root, environment.EMBEDDED_POSTGRES_DIR));
  return 0;
}
