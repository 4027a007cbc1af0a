import { type Static, Type } from "typebox";
import { orNull } from "../or-null.ts";

const Time = Type.String({ format: "date-time" });

/** A provider as an operator looks at it. */
export const ProviderStateView = Type.Object({
  name: Type.String(),
  enabled: Type.Boolean(),
  paused: Type.Boolean(),
  paused_reason: orNull(Type.String()),
  priority: Type.Integer({ description: "1 is asked first." }),
  max_in_flight: Type.Integer({ description: "Most open calls, over all workers." }),
  messages_per_second: orNull(
    Type.Integer({ description: "Most segments in a second, over all workers; null: no limit." }),
  ),
  open_attempts: Type.Integer({ description: "Calls that are open now, over all workers." }),
  queued_due: Type.Integer({
    description: "Messages that are due and planned for it; 10 000 of a lane stand for that or more.",
  }),
  circuit: Type.Object({
    state: Type.Enum(["closed", "open", "half_open"]),
    since: Time,
    reason: orNull(Type.String({ description: "Why it changed last; null before its first change." })),
    step: Type.Integer({
      description: "While it is half-open: 0 for single probes, then growing shares of the traffic.",
    }),
    opens_again_at: orNull(Time),
  }),
  held_until: orNull(Time),
  accounts: Type.Array(Type.Enum(["live", "lab"])),
});
export type ProviderStateView = Static<typeof ProviderStateView>;

/** `GET /api/v1/admin/providers`: in the order in which they are asked. */
export const ProviderStateList = Type.Object({ items: Type.Array(ProviderStateView) }, { $id: "ProviderStateList" });
export type ProviderStateList = Static<typeof ProviderStateList>;

/** Something about a provider changed: its circuit, or by an operator. */
export const ProviderChangeView = Type.Object({
  at: Time,
  from: Type.String(),
  to: Type.String(),
  reason: Type.String(),
  detail: Type.Record(Type.String(), Type.Unknown()),
});
export type ProviderChangeView = Static<typeof ProviderChangeView>;

/** `GET /api/v1/admin/providers/{name}/changes`: the latest first. */
export const ProviderChangeList = Type.Object(
  { items: Type.Array(ProviderChangeView), limit: Type.Integer() },
  { $id: "ProviderChangeList" },
);
export type ProviderChangeList = Static<typeof ProviderChangeList>;
