import { createHash, randomUUID } from "node:crypto";
import { type BadPart, type BuriedLetter, nameLetter } from "@sms-gateway/contracts";
import type { ConsumeMessage } from "amqplib";
import type { OutgoingMessage } from "./publish-channel.ts";

/** Where a bad part was, and where it goes. */
export interface Burial {
  readonly queue: string;
  readonly deadQueue: string;
  readonly delivery: ConsumeMessage;
}

/** The message that puts a bad part aside: its bytes as they are, all that is known of it in the headers. */
export function describeBurial({ problem, body, index }: BadPart, burial: Burial): OutgoingMessage {
  const messageId: unknown = burial.delivery.properties.messageId;
  const stamp: unknown = burial.delivery.properties.headers?.stamp;
  return {
    queue: burial.deadQueue,
    messageId: randomUUID(),
    type: "sms.dead",
    contentType: "application/octet-stream",
    headers: {
      problem,
      queue: burial.queue,
      buried_at: new Date().toISOString(),
      ...(index === undefined ? {} : { index }),
      ...(typeof messageId === "string" ? { message_id: messageId } : {}),
      // For the accounting: which group of which process is short of this one.
      ...(stamp === undefined ? {} : { stamp }),
    },
    body,
  };
}

/**
 * Reads a dead letter. Anything in `sms.dead` is one: what it lacks is replaced, so that nothing stays there unseen. An
 * older version wrote no time of burial, for which the time of reading then stands.
 */
export function readDeadLetter({ content, properties }: ConsumeMessage): BuriedLetter {
  const headers: Readonly<Record<string, unknown>> = properties.headers ?? {};
  const { problem, queue, index, message_id: messageId, buried_at: buriedAt } = headers;
  const partIndex = typeof index === "number" ? index : null;
  return {
    id: typeof messageId === "string" ? nameLetter(messageId, partIndex) : nameByOwn(properties.messageId, content),
    queue: typeof queue === "string" ? queue : "unknown",
    problem: typeof problem === "string" ? problem : "unknown",
    partIndex,
    body: content,
    buriedAt: readTime(buriedAt) ?? new Date(),
  };
}

/** The group had no id: then the letter's own, or its content; both are the same whenever it is handed out again. */
function nameByOwn(messageId: unknown, content: Buffer): string {
  return typeof messageId === "string" ? messageId : createHash("sha256").update(content).digest("hex");
}

function readTime(value: unknown): Date | undefined {
  const time = typeof value === "string" ? new Date(value) : undefined;
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time;
}
