import { type Consumption, LANES, type MessageQueue } from "@sms-gateway/contracts";
import { accountBatch } from "../accounting/account-batch.ts";
import { type RecordMessagesDeps, recordMessages } from "../messages/record-messages.ts";
import type { ProblemReport } from "./report-problem.ts";

/** What the consumer of accepted requests needs. */
export interface RecordAcceptedDeps extends RecordMessagesDeps {
  readonly queue: Pick<MessageQueue, "consumeAccepted">;
  readonly batchMax: number;
  readonly onProblem: ProblemReport;
}

/** Records what gateways have accepted and accounts for it, one consumer per lane, so that a campaign's backlog delays no code. */
export async function consumeAccepted(deps: RecordAcceptedDeps): Promise<Consumption[]> {
  const consumptions: Consumption[] = [];
  for (const lane of LANES) {
    const consumption = await deps.queue.consumeAccepted(lane, {
      batchMax: deps.batchMax,
      take: async (envelopes, groups) => {
        const tallies = await recordMessages(deps, envelopes);
        await accountBatch(deps, lane, { envelopes, groups, tallies });
      },
      onProblem: (problem) => deps.onProblem("record", problem),
    });
    consumptions.push(consumption);
  }
  return consumptions;
}
