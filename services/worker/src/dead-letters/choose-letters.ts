import { ApiError, type DeadLetterChoice } from "@sms-gateway/contracts";
import type { DeadLetterSelection } from "@sms-gateway/db";

/** @throws ApiError INVALID_PAYLOAD unless the choice is either some letters or all, and a queue only with all. */
export function chooseLetters({ ids, all, queue }: DeadLetterChoice): DeadLetterSelection {
  if ((ids === undefined) === (all === undefined)) throw refuse("/", "must have either ids or all");
  if (ids === undefined) return { all: true, ...(queue === undefined ? {} : { queue }) };
  if (queue !== undefined) throw refuse("/queue", "goes only with all");
  return { ids };
}

function refuse(path: string, message: string): ApiError {
  return new ApiError("INVALID_PAYLOAD", { details: { errors: [{ path, message }] } });
}
