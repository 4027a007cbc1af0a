/**
 * Keys of Postgres' advisory locks. `MIGRATION` is the one that Prisma's own tools take, so that they and we keep out of
 * each other's way. `EVENTS` is taken at the end of a transaction and held to its commit (architecture.md 5.8). `ACCOUNTING`
 * lets one worker at a time count a day's messages.
 * 72 707 371 and 72 707 372, each with a hash as second number, are taken by the functions of the admission's and the OTP
 * sessions' migrations.
 */
export const ADVISORY_LOCKS = { MIGRATION: 72_707_369, EVENTS: 72_707_370, ACCOUNTING: 72_707_373 } as const;
