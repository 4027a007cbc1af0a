export type { Database } from "./connections.ts";
export { AlreadyExistsError, DatabaseUnavailableError } from "./database-errors.ts";
export { ensurePartitions, type PartitionReport } from "./migrations/ensure-partitions.ts";
export { migrate } from "./migrations/migrate.ts";
export { MigrationError } from "./migrations/migration-error.ts";
export { type DatabaseOptions, openDatabase } from "./open-database.ts";
