import { findPurpose, isIssuedMessageId } from "@sms-gateway/contracts";
import type { LostMessage, TakenLetter } from "@sms-gateway/db";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The messages in a dead letter, as far as they can be told though it cannot be read: a request, or a group of them, with
 * `client_id` and `recipients[].id` in their places. Only ids that we issued to that client count, those for which
 * `GET /sms/{id}` answers `accepted`; so a letter with anything else in it makes no message. Each id once.
 */
export function readLostMessages(letter: Pick<TakenLetter, "queue" | "body">, idSecret: string): LostMessage[] {
  const purpose = findPurpose(letter.queue);
  if (purpose === "reports") return [];
  const value = parseLeniently(letter.body.toString());
  const requests = isRecord(value) && Array.isArray(value.envelopes) ? value.envelopes : [value];
  const lost = requests.flatMap((request) => readRequest(request, idSecret, purpose ?? "normal"));
  return [...new Map(lost.map((message) => [message.id, message])).values()];
}

function readRequest(request: unknown, idSecret: string, lane: LostMessage["lane"]): LostMessage[] {
  if (!isRecord(request) || !Array.isArray(request.recipients)) return [];
  const { recipients, client_id: clientId, seed, batch_id: batchId, simulated } = request;
  if (typeof clientId !== "string" || !UUID.test(clientId)) return [];
  const facts = { clientId, seed: textOf(seed), batchId: textOf(batchId), lane, simulated: simulated === true };
  return recipients.flatMap((recipient: unknown) => {
    const id = isRecord(recipient) ? textOf(recipient.id).toLowerCase() : "";
    return isIssuedMessageId(idSecret, clientId, id) ? [{ id, ...facts }] : [];
  });
}

/** `undefined` for what is no JSON. */
function parseLeniently(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
