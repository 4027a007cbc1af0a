export type { AmqpEvent, ConnectionPurpose } from "./amqp-event.ts";
export type { BackOff } from "./back-off.ts";
export { type AmqpQueueOptions, createAmqpQueue } from "./create-amqp-queue.ts";
