export { BUSY_MACHINE_MS } from "./busy-machine.ts";
export type { AdmissionHarness } from "./contract/admission-harness.ts";
export { newClientId, newRequest, sentAgain } from "./contract/admission-requests.ts";
export { admissionContract } from "./contract/admission-suite.ts";
export { type ConsumerProbe, probeConsumer } from "./contract/consumer-probe.ts";
export {
  type DirectoryHarness,
  directoryContract,
  directoryStoreContract,
  newSnapshot,
} from "./contract/directory-suite.ts";
export { type FaultyNetwork, openFaultyNetwork } from "./contract/faulty-network.ts";
export { testMessageQueue } from "./contract/message-queue-suite.ts";
export type { MessageQueueWorld } from "./contract/message-queue-world.ts";
export type { OtpSessionsHarness } from "./contract/otp-sessions-harness.ts";
export { checkOf, newOtpCreate, newOtpResend } from "./contract/otp-sessions-requests.ts";
export { otpSessionsContract } from "./contract/otp-sessions-suite.ts";
export { sampleEnvelope, sampleEnvelopes, sampleReport } from "./contract/sample-envelopes.ts";
export { inheritedEnvironment } from "./inherited-environment-config.ts";
export { createService, ROOT, RUN_SOURCE, type Service, type Settings } from "./processes/service-process.ts";
export { type CarrierMood, openUnrulyCarriers, type UnrulyCarriers } from "./processes/unruly-carriers.ts";
export { describeWith, describeWithOwn } from "./servers/describe-with.ts";
export { doesDockerAnswer, fetchServerImages } from "./servers/docker-servers.ts";
export { findFreePort } from "./servers/free-port.ts";
export { openSql, type Sql } from "./servers/open-sql.ts";
export { type OwnServerOptions, startServer } from "./servers/own-servers.ts";
export { type PostgresOptions, startPostgres } from "./servers/postgres-server.ts";
export type { RabbitmqOptions } from "./servers/rabbitmq-server.ts";
export { startRedis } from "./servers/redis-server.ts";
export { openRunFolder, type RunFolder } from "./servers/run-folder.ts";
export type {
  PostgresServer,
  RabbitmqServer,
  RedisServer,
  RunningServer,
  ServerByKind,
  ServerKind,
  ServerOptions,
} from "./servers/running-server.ts";
export { hasServerPrograms } from "./servers/server-programs.ts";
export { captureTree } from "./servers/server-record.ts";
export { mayMountDisks, mountSmallDisk, type SmallDisk } from "./servers/small-disk.ts";
export { createTestDatabase, type DatabaseTemplate, type TestDatabase } from "./servers/test-database.ts";
export { testKeyPrefix, testNamePrefix } from "./servers/test-names.ts";
export { readTestServersConfig, type TestServersConfig } from "./servers/test-servers-config.ts";
export { type WaitForOptions, waitFor } from "./wait-for.ts";
