import { type Static, Type } from "typebox";
import { orNull } from "../or-null.ts";

const Time = Type.String({ format: "date-time" });

/** Most dead letters that one request may name. */
export const DEAD_LETTER_IDS_MAX = 200;

/** Longest id and longest name of a queue that are kept with a dead letter, in characters. */
export const NAME_CHARACTERS_MAX = 255;

/** What the database can hold as such a name; anything else is nobody's. An empty one, in a query, stands for none. */
export const STORED_NAME = { maxLength: NAME_CHARACTERS_MAX, pattern: "^[^\\u0000]*$" } as const;

/** Path of `POST /api/v1/admin/dead-letters/{id}/requeue` and `…/discard`. */
export const DeadLetterParams = Type.Object({
  id: Type.String({ ...STORED_NAME, description: "Id of the dead letter." }),
});

/** What could not be read and waits for an operator, without anything of a person in it. */
export const DeadLetterView = Type.Object({
  id: Type.String(),
  queue: Type.String({ description: "Where it came from, and goes to when it is requeued." }),
  reason: Type.String({ description: "Why it could not be read." }),
  part_index: orNull(Type.Integer({ description: "Position in its group; null when the whole group is unreadable." })),
  bytes: Type.Integer({ description: "Size of what could not be read." }),
  payload: Type.String({
    description: "Its beginning, to recognise it by: texts, numbers, names, metadata and keys are masked.",
  }),
  buried_at: Time,
  kept_at: Time,
});
export type DeadLetterView = Static<typeof DeadLetterView>;

/** `GET /api/v1/admin/dead-letters`: newest first. */
export const DeadLetterList = Type.Object(
  {
    items: Type.Array(DeadLetterView),
    limit: Type.Integer(),
    has_more: Type.Boolean(),
    next_cursor: orNull(Type.String()),
  },
  { $id: "DeadLetterList" },
);
export type DeadLetterList = Static<typeof DeadLetterList>;

/** Body of `POST /api/v1/admin/dead-letters/requeue` and `…/discard`: either `ids`, or `all`. */
export const DeadLetterChoice = Type.Object(
  {
    ids: Type.Optional(
      Type.Array(Type.String({ ...STORED_NAME, minLength: 1 }), { minItems: 1, maxItems: DEAD_LETTER_IDS_MAX }),
    ),
    all: Type.Optional(Type.Literal(true)),
    queue: Type.Optional(
      Type.String({ ...STORED_NAME, minLength: 1, description: "With all: only those of this queue." }),
    ),
  },
  { $id: "DeadLetterChoice", additionalProperties: false },
);
export type DeadLetterChoice = Static<typeof DeadLetterChoice>;

const undone = {
  failed: Type.Integer({ description: "Could not be done, and are kept." }),
  left: Type.Integer({ description: "Of those that were asked for, how many are kept still, failed ones included." }),
};

/** What became of a requeue. */
export const RequeueAnswer = Type.Object(
  { requeued: Type.Integer({ description: "Confirmed by their queue." }), ...undone },
  { $id: "RequeueAnswer" },
);
export type RequeueAnswer = Static<typeof RequeueAnswer>;

/** What became of a discard. */
export const DiscardAnswer = Type.Object(
  { discarded: Type.Integer({ description: "Deleted for good." }), ...undone },
  { $id: "DiscardAnswer" },
);
export type DiscardAnswer = Static<typeof DiscardAnswer>;
