import type { RequeueDeps } from "../../dead-letters/requeue-dead-letters.ts";
import type { ShowQueuesDeps } from "../../overview/show-queues.ts";

/** What the management routes need. */
export interface AdminDeps extends RequeueDeps, ShowQueuesDeps {
  readonly queue: RequeueDeps["queue"] & ShowQueuesDeps["queue"];
}
