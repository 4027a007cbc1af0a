import { type Static, Type } from "typebox";
import { LANES } from "../lanes.ts";
import { orNull } from "../or-null.ts";

const count = (description: string) => Type.Integer({ minimum: 0, description });

/** Consecutive groups of one publishing process that have not arrived, for longer than ACCOUNTING_LOST_AFTER_S. */
export const MissingBatchView = Type.Object({
  boot_id: Type.String({ description: "One life of one gateway process, as it stamps what it publishes." }),
  lane: Type.Enum([...LANES]),
  first: Type.Integer({ description: "First missing sequence." }),
  last: Type.Integer({ description: "Last missing sequence; `first` when one is missing." }),
  since: Type.String({
    format: "date-time",
    description: "When a later group arrived that says that the queue had confirmed them.",
  }),
});
export type MissingBatchView = Static<typeof MissingBatchView>;

/** `GET /api/v1/admin/accounting?date=`: what gateways have announced for one UTC day, against what became of it. */
export const AccountingView = Type.Object(
  {
    date: Type.String({ format: "date", description: "UTC day on which the messages were accepted." }),
    announced: count("Messages in the groups that arrived, by their stamps."),
    recorded: count("Of these, recorded as messages; rejected ones are among them."),
    repeated: count("Of these, recorded before: a group came twice."),
    aliases: count("Of these, repetitions of an earlier request under the same Idempotency-Key."),
    dead_letters: count("Of these, unreadable; they are among the dead letters."),
    rows: orNull(
      count(
        "Messages of that day in the database; with republished dead letters and unstamped ones. null: they are older than what is kept.",
      ),
    ),
    difference: Type.Integer({
      description: "Announced less recorded, repeated, aliases and dead_letters: 0, or a fault.",
    }),
    missing_batches: Type.Array(MissingBatchView, { description: "Missing now, and since that day or before." }),
    written_off: count("Groups that were missed on that day and that an operator has written off."),
    balanced: Type.Boolean({
      description:
        "The difference is 0, there are at least as many rows as recorded (unless rows is null), nothing is missing.",
    }),
  },
  { $id: "AccountingView" },
);
export type AccountingView = Static<typeof AccountingView>;
