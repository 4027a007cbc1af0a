export type { AmqpEvent, ConnectionPurpose } from "./amqp-event.ts";
export { type AmqpQueueOptions, createAmqpQueue } from "./create-amqp-queue.ts";
