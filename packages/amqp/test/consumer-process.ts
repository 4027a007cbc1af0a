// A worker for kill-consumer.int.test.ts: takes two batches, then holds the third for ever. Tells the parent each time.
import { createAmqpQueue } from "../src/index.ts";

const [, , url = "", namePrefix = ""] = process.argv;
const queue = createAmqpQueue({ url, namePrefix, role: "victim" });
let batches = 0;

function tell(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

await queue.consumeAccepted("bulk", {
  batchMax: 7,
  take: async (batch) => {
    batches += 1;
    const seeds = batch.map(({ seed }) => seed);
    if (batches <= 2) {
      tell({ taken: seeds });
      return;
    }
    tell({ holding: seeds });
    await new Promise(() => undefined);
  },
  onProblem: (problem) => tell({ problem: String(problem.error) }),
});
