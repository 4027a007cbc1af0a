import { type Static, Type } from "typebox";

/** `GET /api/v1/admin/queues`. */
export const QueueOverview = Type.Object(
  {
    queues: Type.Array(
      Type.Object({
        name: Type.String(),
        depth: Type.Integer({ description: "Groups of messages, or reports, that wait in it." }),
      }),
    ),
    dead_letters: Type.Array(
      Type.Object({
        queue: Type.String({ description: "Where they came from." }),
        kept: Type.Integer({ description: "Dead letters that wait for an operator." }),
      }),
    ),
  },
  { $id: "QueueOverview" },
);
export type QueueOverview = Static<typeof QueueOverview>;
