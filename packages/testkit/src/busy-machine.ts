/**
 * What a machine that is busy with other suites may add to a time that a test judges, in ms. Such a judgement only tells
 * an answer at once from one that waited out a timeout; how long something takes is measured in `bench/`.
 */
export const BUSY_MACHINE_MS = 4_000;
