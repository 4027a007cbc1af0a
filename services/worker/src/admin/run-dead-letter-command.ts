import { setTimeout as delay } from "node:timers/promises";
import type { DeadLetterView } from "@sms-gateway/contracts";
import { countOrder, type Database, findDeadLetter, orderDeadLetters } from "@sms-gateway/db";
import { BODY_BYTES_MAX, formatDeadLetter, showDeadLetters } from "../dead-letters/show-dead-letters.ts";
import { formatTable } from "./format-table.ts";
import type { DeadLetterCommand } from "./parse-dead-letter-command.ts";
import { AdminError } from "./run-admin-command.ts";

const POLL_MS = 200;
/** A worker looks every second and is done with a step within 10 s; where none comes so long, none runs. */
const PATIENCE_MS = 15_000;
/** Of a payload in the list, in characters. */
const GLIMPSE_MAX = 60;

/**
 * Does what the command says and answers what to print. Requeueing and discarding is ordered in the database and done by
 * a worker, which has the queue, the log and the counters; this waits for it.
 *
 * @throws AdminError when there is no such letter, when some could not be done, or when no worker does it.
 */
export async function runDeadLetterCommand(
  db: Database,
  command: DeadLetterCommand,
  patienceMs = PATIENCE_MS,
): Promise<string> {
  switch (command.name) {
    case "list":
      return await describeLetters(db, command);
    case "show": {
      const record = await findDeadLetter(db, command.id, BODY_BYTES_MAX);
      if (record === undefined)
        throw new AdminError(`There is no dead letter ${command.id}; the list shows what is there.`);
      return describeLetter(formatDeadLetter(record));
    }
    case "requeue":
    case "discard":
      return await carryOut(db, command, patienceMs);
  }
}

async function describeLetters(db: Database, { queue, limit }: DeadLetterCommand & { name: "list" }): Promise<string> {
  const { items, has_more: hasMore } = await showDeadLetters(db, { limit, ...(queue === null ? {} : { queue }) });
  if (items.length === 0)
    return queue === null ? "There are no dead letters." : `There are no dead letters of ${queue}.`;
  const rows = items.map((item) => [
    item.id,
    item.queue,
    item.buried_at,
    String(item.bytes),
    item.reason,
    item.payload.slice(0, GLIMPSE_MAX),
  ]);
  const table = formatTable(["ID", "QUEUE", "BURIED AT", "BYTES", "REASON", "PAYLOAD, MASKED"], rows);
  return hasMore ? `${table}\n\nThere are more, older ones: --limit shows them.` : table;
}

function describeLetter(letter: DeadLetterView): string {
  const { part_index: part } = letter;
  return [
    `id         ${letter.id}`,
    `queue      ${letter.queue}${part === null ? ", a whole group" : `, part ${part} of its group`}`,
    `reason     ${letter.reason}`,
    `buried at  ${letter.buried_at}, kept at ${letter.kept_at}`,
    `size       ${letter.bytes} bytes; masked:`,
    "",
    letter.payload,
  ].join("\n");
}

async function carryOut(
  db: Database,
  { name, which }: DeadLetterCommand & { name: "requeue" | "discard" },
  patienceMs: number,
): Promise<string> {
  const { orderId, letters } = await orderDeadLetters(db, name, which);
  const asked = "ids" in which ? which.ids.length : letters;
  if (letters === 0 && asked === 0) return "There are no dead letters to do that with.";
  const { waiting, failed } = await waitForWorker(db, orderId, patienceMs);
  const done = `${name === "requeue" ? "Requeued" : "Discarded"} ${count(letters - waiting - failed)}`;
  const problems = [
    ...(asked > letters ? [`${count(asked - letters)}: not there, or ordered by somebody else`] : []),
    ...(failed > 0 ? [`${count(failed)}: not confirmed by the queue, kept; the worker's log says why`] : []),
    ...(waiting > 0 ? [`${count(waiting)}: no worker has come to it yet; it is done as soon as one runs`] : []),
  ];
  if (problems.length > 0) throw new AdminError([`${done}.`, ...problems].join("\n"));
  return `${done}.`;
}

function count(letters: number): string {
  return letters === 1 ? "1 dead letter" : `${letters} dead letters`;
}

/** Until all is done, or nothing happens any more. */
async function waitForWorker(db: Database, orderId: string, patienceMs: number) {
  let progress = await countOrder(db, orderId);
  let until = performance.now() + patienceMs;
  while (progress.waiting > 0 && performance.now() < until) {
    await delay(POLL_MS);
    const before = progress.waiting;
    progress = await countOrder(db, orderId);
    if (progress.waiting < before) until = performance.now() + patienceMs;
  }
  return progress;
}
