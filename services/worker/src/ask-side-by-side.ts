/**
 * Asks about each item, at most `limit` at a time, and answers in the order of the items. Rejects with the first failure,
 * after what was under way.
 */
export async function askSideBySide<Item, Answer>(
  items: readonly Item[],
  limit: number,
  ask: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const waiting = [...items.entries()];
  async function askNext(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [place, item] = next;
      answers[place] = await ask(item);
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, askNext));
  return answers;
}
