export { createRedisAdmission, type RedisAdmission, type RedisAdmissionOptions } from "./admission/redis-admission.ts";
export { createRedisDirectory } from "./directory/redis-directory.ts";
export { createRedisDirectoryPublisher } from "./directory/redis-directory-publisher.ts";
export { createRedisOtpSessions, type RedisOtpSessionsOptions } from "./otp/redis-otp-sessions.ts";
export { createRedisConnection, type RedisConnection, type RedisConnectionOptions } from "./redis-connection.ts";
export { redisHealth } from "./redis-health.ts";
