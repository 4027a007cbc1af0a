/** Parameters of an address that `pg` lets win over what we set; what is guaranteed rests on ours. */
const SET_BY_US = [
  "statement_timeout",
  "query_timeout",
  "idle_in_transaction_session_timeout",
  "application_name",
  "connect_timeout",
] as const;

/** An address of Postgres, and what it wants to be told to the server at the beginning of a session. */
export interface Address {
  readonly connectionString: string;
  /** As in `options=-c name=value`; ours come after it and win. */
  readonly options: string;
}

/**
 * Reads the address of a database.
 * @throws TypeError when it is not a `postgresql://` or `postgres://` URL.
 */
export function readAddress(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "postgresql:" && url?.protocol !== "postgres:") {
    throw new TypeError("url must start with postgresql:// or postgres://");
  }
  const options = url.searchParams.get("options") ?? "";
  for (const name of ["options", ...SET_BY_US]) url.searchParams.delete(name);
  return { connectionString: url.href, options };
}
