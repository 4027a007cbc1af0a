import { refuseQuery } from "../../messages/read-list-query.ts";

/** Entries of a page, for every list of the management routes. */
const LIMIT_MAX = 100;
const LIMIT_DEFAULT = 50;

export const LIMIT_DESCRIPTION = `Entries per page, 1 to ${LIMIT_MAX}; ${LIMIT_DEFAULT} unless given.`;

/** The `limit` of a query. @throws ApiError INVALID_PAYLOAD */
export function readLimit(written: string | undefined): number {
  if (written === undefined || written === "") return LIMIT_DEFAULT;
  const limit = Number(written);
  if (/^\d{1,9}$/.test(written) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw refuseQuery([{ path: "query:limit", message: `must be a whole number from 1 to ${LIMIT_MAX}` }]);
}
