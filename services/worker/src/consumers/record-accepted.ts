import { type Consumption, LANES, type MessageQueue } from "@sms-gateway/contracts";
import { type RecordMessagesDeps, recordMessages } from "../messages/record-messages.ts";
import type { ProblemReport } from "./report-problem.ts";

/** What the consumer of accepted requests needs. */
export interface RecordAcceptedDeps extends RecordMessagesDeps {
  readonly queue: Pick<MessageQueue, "consumeAccepted">;
  readonly batchMax: number;
  readonly onProblem: ProblemReport;
}

/** Records what gateways have accepted, one consumer per lane, so that a campaign's backlog delays no code. */
export async function consumeAccepted(deps: RecordAcceptedDeps): Promise<Consumption[]> {
  const consumptions: Consumption[] = [];
  for (const lane of LANES) {
    const consumption = await deps.queue.consumeAccepted(lane, {
      batchMax: deps.batchMax,
      take: (envelopes) => recordMessages(deps, envelopes),
      onProblem: (problem) => deps.onProblem("record", problem),
    });
    consumptions.push(consumption);
  }
  return consumptions;
}
