import type { TransitionCause } from "@sms-gateway/contracts";
import { changeMessages, type Database, type Decide, type StatusChange } from "@sms-gateway/db";

/** One thing that happened to a message, and what it makes of the message. */
export interface Happening {
  readonly messageId: string;
  readonly decide: Decide;
}

/**
 * Applies what happened to many messages, in order of arrival for each of them. One statement changes a message at most
 * once (two changes in one would lose the first), so the first of each message go together, then the second of each, and
 * so on; every change keeps its own event.
 *
 * @param onChanges told of each layer's changes of status once they are committed. Repeating a group that was half
 *   applied is harmless: what was applied before decides to change nothing, and is not told again.
 */
export async function changeInLayers(
  db: Database,
  cause: TransitionCause,
  happenings: readonly Happening[],
  onChanges: (changes: readonly StatusChange[]) => void,
): Promise<void> {
  for (const layer of splitIntoLayers(happenings)) {
    const changes = await changeMessages(db, [...layer.keys()], cause, (message, attempts) => {
      return layer.get(message.id)?.decide(message, attempts) ?? null;
    });
    onChanges(changes);
  }
}

/** The first happening of each message, then the second of each, and so on. */
function splitIntoLayers<T extends { readonly messageId: string }>(happenings: readonly T[]): Map<string, T>[] {
  const layers: Map<string, T>[] = [];
  const depths = new Map<string, number>();
  for (const happening of happenings) {
    const depth = depths.get(happening.messageId) ?? 0;
    depths.set(happening.messageId, depth + 1);
    const layer = layers[depth] ?? new Map<string, T>();
    layers[depth] = layer;
    layer.set(happening.messageId, happening);
  }
  return layers;
}
