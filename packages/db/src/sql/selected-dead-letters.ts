/** Which dead letters a statement is about: $1 ids, $2 queue, $3 order, $4 ms for which they are kept; null where any will do. */
export const SELECTED_DEAD_LETTERS = `
  ($1::text[] is null or id = any($1::text[])) and ($2::text is null or queue = $2::text)
  and ($3::text is null or ordered = $3::text)
  and ($4::float8 is null or kept_at <= statement_timestamp() - $4::float8 * interval '1 millisecond')`;

/** Nobody is requeueing it at present. */
export const FREE_DEAD_LETTER = "(taken_until is null or taken_until <= statement_timestamp())";
