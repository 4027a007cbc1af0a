// What the throw-away servers of tests need as well.
export { createCluster, readClusterVersion } from "./create-cluster.ts";
export type { EmbeddedPostgresEvent } from "./embedded-postgres-event.ts";
export { findEmbeddedPrograms } from "./embedded-programs.ts";
export { endProcesses, identifySelf, type KnownProcess, killTree } from "./end-processes.ts";
export { findRunningPostgres } from "./find-running-postgres.ts";
export { deleteEmbeddedPostgres } from "./folder-contents.ts";
export { findFreePort, isPortFree } from "./free-port.ts";
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  openEmbeddedPostgres,
} from "./open-embedded-postgres.ts";
export {
  findProcess,
  hasCode,
  listProcesses,
  type ProcessEntry,
  sendSignal,
  stillAlive,
  treeOf,
} from "./process-table.ts";
export { chooseServerUser, commandAs, SERVER_ENVIRONMENT, type ServerUser } from "./server-user.ts";
