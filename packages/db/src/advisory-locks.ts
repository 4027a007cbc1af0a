/**
 * Keys of Postgres' advisory locks. `MIGRATION` is the one that Prisma's own tools take, so that they and we keep out of
 * each other's way. `EVENTS` is taken at the end of a transaction and held to its commit (architecture.md 5.8).
 */
export const ADVISORY_LOCKS = { MIGRATION: 72_707_369, EVENTS: 72_707_370 } as const;
