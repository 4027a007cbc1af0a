/**
 * What a machine that is busy with other suites may add to a time that a test judges, in ms. So such a judgement is
 * coarse: it finds what hangs. Whether an answer came by itself or by a timeout, its content has to tell; how long
 * something takes is measured in `bench/`.
 */
export const BUSY_MACHINE_MS = 4_000;
