import { ApiError } from "@sms-gateway/contracts";
import { DatabaseUnavailableError } from "@sms-gateway/db";

/** After an outage of the database nobody need wait longer than its connections take to come back. */
const RETRY_AFTER_S = 2;

/** Whether what was asked for may have been done: never for what only reads. */
export type OutageOutcome = "not_accepted" | "unknown";

/** What a client is told when the database is away; every other error stays as it is. */
export function explainOutage(error: unknown, outcome: OutageOutcome = "not_accepted"): unknown {
  if (!(error instanceof DatabaseUnavailableError)) return error;
  const details = { outcome, reason: "database_unreachable" };
  return new ApiError("SERVICE_UNAVAILABLE", { details, retryAfterS: RETRY_AFTER_S, cause: error });
}

/** What the database answers; when it is away, rejects with what a client is told. */
export async function orExplainOutage<T>(answer: Promise<T>, outcome?: OutageOutcome): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw explainOutage(error, outcome);
  }
}
