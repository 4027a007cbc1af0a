export { accountGroups, type DayCounts, type TakenStamp } from "./accounting/account-groups.ts";
export * from "./accounting/drop-old-accepted-marks.ts";
export * from "./accounting/missing-batches.ts";
export { countAccountingDay, readAccounting, sumUnaccounted } from "./accounting/read-accounting.ts";
export { type BatchRange, writeOffBatches } from "./accounting/write-off-batches.ts";
export * from "./admission/db-admission.ts";
export * from "./admission/drop-expired-admission.ts";
export type { Amount } from "./amount.ts";
export * from "./change/cancel-message.ts";
export * from "./change/change-messages.ts";
export { describeEnd, isRefusedForGood } from "./change/describe-end.ts";
export {
  type DueCheck,
  findForeignIds,
  hasRivals,
  type MovedCheck,
  markUnlooked,
  moveChecks,
  takeUnknownAttempts,
  takeUnreportedAttempts,
} from "./change/due-checks.ts";
export * from "./change/expire-leases.ts";
export * from "./change/expire-overdue.ts";
export * from "./change/find-stranded.ts";
export type { AttemptRow, LockedMessage } from "./change/locked-message.ts";
export { type AttemptChange, ForbiddenTransitionError, type MessageChange } from "./change/message-change.ts";
export { CALLS_WINDOW_MS, CIRCUIT_SHARES, type CircuitState } from "./circuit/decide-circuit.ts";
export {
  type CircuitChange,
  dropOldProviderCalls,
  followCircuits,
  type ProviderCircuit,
  type SeenCalls,
} from "./circuit/follow-circuits.ts";
export { HOLD_MAX_MS, holdProvider } from "./circuit/hold-provider.ts";
export * from "./circuit/provider-states.ts";
export * from "./claim/claim-due.ts";
export * from "./claim/give-back-claims.ts";
export type { Database } from "./connections.ts";
export { AlreadyExistsError, DatabaseUnavailableError } from "./database-errors.ts";
export * from "./dead-letters/kept-letters.ts";
export * from "./dead-letters/order-letters.ts";
export * from "./dead-letters/reject-lost-messages.ts";
export * from "./dead-letters/take-letters.ts";
export * from "./directory/api-keys.ts";
export * from "./directory/clients.ts";
export * from "./directory/db-directory.ts";
export * from "./directory/db-directory-publisher.ts";
export { type AdminResult, raiseDirectoryVersion, readDirectoryVersion } from "./directory/directory-version.ts";
export * from "./directory/load-directory-snapshot.ts";
export * from "./directory/providers.ts";
export * from "./directory/seed-directory.ts";
export * from "./migrations/ensure-partitions.ts";
export { migrate } from "./migrations/migrate.ts";
export * from "./migrations/migration-error.ts";
export * from "./open-database.ts";
export * from "./otp/db-otp-sessions.ts";
export * from "./otp/drop-expired-otp-sessions.ts";
export * from "./queue/create-db-queue.ts";
export type { DbQueueEvent } from "./queue/queue-event.ts";
export * from "./read/count-forgotten.ts";
export * from "./read/find-alias.ts";
export * from "./read/find-message.ts";
export * from "./read/list-messages.ts";
export type { AttemptRecord, EventRecord, MessageRecord, MessageSummaryRecord } from "./read/message-record.ts";
export * from "./record/drop-expired-idempotency-keys.ts";
export * from "./record/record-accepted.ts";
export type { RecordedMessage } from "./record/record-requests.ts";
export type { RecordRow, RecordStatus } from "./record/record-row.ts";
export * from "./reports/find-attempt.ts";
export * from "./reports/parked-reports.ts";
export * from "./transfer/export-data.ts";
export { importData } from "./transfer/import-data.ts";
export * from "./transfer/transfer-error.ts";
