import type { GroupStamp, TakenGroup } from "@sms-gateway/contracts";

/** What a reader of one lane can tell of one publisher's groups from their stamps. */
export type StampAccount = {
  readonly stamps: readonly GroupStamp[];
  /** Sequences of which the publisher has said that they were confirmed, and that have not come. */
  readonly missing: readonly number[];
  /** Messages in the groups, each group once. */
  readonly messages: Readonly<Record<string, number>>;
};

/** Adds up what was taken; a group that came twice counts once. */
export function accountStamps(taken: readonly (readonly TakenGroup[])[], bootId: string): StampAccount {
  const stamps = new Map<number, GroupStamp>();
  for (const { stamp } of taken.flat()) if (stamp?.bootId === bootId) stamps.set(stamp.sequence, stamp);
  const sorted = [...stamps.values()].toSorted((a, b) => a.sequence - b.sequence);
  const ranges = sorted.flatMap(({ voided }) => voided);
  const isVoided = (sequence: number) => ranges.some(([first, last]) => first <= sequence && sequence <= last);
  const all = Array.from({ length: sorted.at(-1)?.settled ?? 0 }, (_, index) => index + 1);
  const messages: Record<string, number> = {};
  for (const stamp of sorted) {
    for (const [day, count] of Object.entries(stamp.messages)) messages[day] = (messages[day] ?? 0) + count;
  }
  return { stamps: sorted, missing: all.filter((one) => !stamps.has(one) && !isVoided(one)), messages };
}
