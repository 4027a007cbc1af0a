import type { ShowAccountingDeps } from "../../accounting/show-accounting.ts";
import type { DiscardDeps } from "../../dead-letters/discard-dead-letters.ts";
import type { RequeueDeps } from "../../dead-letters/requeue-dead-letters.ts";
import type { ShowQueuesDeps } from "../../overview/show-queues.ts";

/** What the management routes need. */
export interface AdminDeps extends RequeueDeps, DiscardDeps, ShowQueuesDeps, ShowAccountingDeps {
  readonly queue: RequeueDeps["queue"] & ShowQueuesDeps["queue"];
}
