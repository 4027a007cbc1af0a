export { createDbAdmission, type DbAdmissionOptions } from "./admission/db-admission.ts";
export { dropExpiredAdmission } from "./admission/drop-expired-admission.ts";
export type { Amount } from "./amount.ts";
export { type CancelResult, cancelMessage } from "./change/cancel-message.ts";
export { changeMessages, type Decide, type StatusChange } from "./change/change-messages.ts";
export { type ExpiredLease, type ExpiredLeases, expireLeases } from "./change/expire-leases.ts";
export { expireOverdue } from "./change/expire-overdue.ts";
export { findStranded } from "./change/find-stranded.ts";
export type { AttemptRow, LockedMessage } from "./change/locked-message.ts";
export { type AttemptChange, ForbiddenTransitionError, type MessageChange } from "./change/message-change.ts";
export { type Claim, type ClaimedMessage, ClaimLostError, type ClaimRequest, claimDue } from "./claim/claim-due.ts";
export { type GivenBack, giveBackClaims } from "./claim/give-back-claims.ts";
export type { Database } from "./connections.ts";
export { AlreadyExistsError, DatabaseUnavailableError } from "./database-errors.ts";
export {
  type ApiKeyRecord,
  createApiKey,
  type KeyKind,
  listApiKeys,
  type NewApiKey,
  revokeApiKey,
} from "./directory/api-keys.ts";
export {
  type ClientLimits,
  type ClientRecord,
  createClient,
  listClients,
  type NewClient,
  setClientActive,
  setClientLimits,
} from "./directory/clients.ts";
export { createDbDirectory } from "./directory/db-directory.ts";
export { createDbDirectoryPublisher } from "./directory/db-directory-publisher.ts";
export { type AdminResult, raiseDirectoryVersion, readDirectoryVersion } from "./directory/directory-version.ts";
export { type CapabilitiesOf, loadDirectorySnapshot } from "./directory/load-directory-snapshot.ts";
export {
  listProviders,
  type ProviderAccount,
  type ProviderRecord,
  setProviderAccounts,
  setProviderEnabled,
  setProviderPaused,
  setProviderPriority,
} from "./directory/providers.ts";
export { type DirectorySeed, seedDirectory } from "./directory/seed-directory.ts";
export { ensurePartitions, type PartitionReport } from "./migrations/ensure-partitions.ts";
export { migrate } from "./migrations/migrate.ts";
export { MigrationError } from "./migrations/migration-error.ts";
export { type DatabaseOptions, openDatabase } from "./open-database.ts";
export { createDbOtpSessions, type DbOtpSessionsOptions } from "./otp/db-otp-sessions.ts";
export { dropExpiredOtpSessions } from "./otp/drop-expired-otp-sessions.ts";
export { createDbQueue, type DbQueueOptions } from "./queue/create-db-queue.ts";
export type { DbQueueEvent } from "./queue/queue-event.ts";
export { countForgotten, type Forgotten } from "./read/count-forgotten.ts";
export { findMessage } from "./read/find-message.ts";
export { InvalidCursorError, listMessages, type MessageFilter, type MessagePage } from "./read/list-messages.ts";
export type { AttemptRecord, EventRecord, MessageRecord, MessageSummaryRecord } from "./read/message-record.ts";
export { dropExpiredIdempotencyKeys } from "./record/drop-expired-idempotency-keys.ts";
export { type RecordedMessage, recordAccepted } from "./record/record-accepted.ts";
export type { RecordRow, RecordStatus } from "./record/record-row.ts";
export { type AttemptReference, findAttemptByProviderMessageId } from "./reports/find-attempt.ts";
export {
  dropOldParkedReports,
  type NewParkedReport,
  type ParkedReport,
  parkReport,
  removeParkedReports,
  takeParkedReports,
} from "./reports/parked-reports.ts";
export { exportData, type TransferredTable } from "./transfer/export-data.ts";
export { importData } from "./transfer/import-data.ts";
export { TransferError } from "./transfer/transfer-error.ts";
