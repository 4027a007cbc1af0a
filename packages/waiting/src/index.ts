export { type BackOff, fullJitterMs, halfJitterMs } from "./back-off.ts";
export { ChangeSignal } from "./change-signal.ts";
export { reasonOf } from "./error-reason.ts";
export { TimeLimitError, untilFirst, withinMs } from "./time-limit.ts";
