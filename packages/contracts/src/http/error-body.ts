import { type Static, Type } from "typebox";
import { type ApiError, ERROR_CODES, type ErrorCode } from "../errors.ts";

/** The one shape of every error answer (requirement 004, "API Error Reference"). */
export const ErrorBody = Type.Object(
  {
    error_code: Type.Enum(Object.keys(ERROR_CODES)),
    message: Type.String(),
    details: Type.Record(Type.String(), Type.Unknown()),
    tracking_id: Type.Optional(Type.String()),
    timestamp: Type.String({ format: "date-time" }),
    error: Type.Optional(Type.String({ description: "The message once more, for the calls of requirement 003." })),
  },
  { $id: "ErrorBody", description: "Every error answer has this shape." },
);
export type ErrorBody = Omit<Static<typeof ErrorBody>, "error_code"> & { error_code: ErrorCode };

/** Builds the answer's body from an `ApiError`; `now` is passed in so that tests can fix it. */
export function makeErrorBody(error: ApiError, now: Date = new Date()): ErrorBody {
  return {
    error_code: error.code,
    message: error.message,
    details: error.details,
    ...(error.trackingId === undefined ? {} : { tracking_id: error.trackingId }),
    timestamp: now.toISOString(),
  };
}
