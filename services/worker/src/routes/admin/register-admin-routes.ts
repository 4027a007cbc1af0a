import {
  AccountingView,
  DeadLetterChoice,
  DeadLetterList,
  DiscardAnswer,
  ProviderChangeList,
  ProviderStateList,
  QueueOverview,
  RequeueAnswer,
} from "@sms-gateway/contracts";
import { registerApiPaths } from "@sms-gateway/http";
import type { FastifyInstance } from "fastify";
import type { AdminDeps } from "./admin-deps.ts";
import { discardDeadLetterRoute } from "./discard-dead-letter.ts";
import { discardDeadLettersRoute } from "./discard-dead-letters.ts";
import { getAccountingRoute } from "./get-accounting.ts";
import { getQueuesRoute } from "./get-queues.ts";
import { listDeadLettersRoute } from "./list-dead-letters.ts";
import { listProviderChangesRoute } from "./list-provider-changes.ts";
import { listProvidersRoute } from "./list-providers.ts";
import { requeueDeadLetterRoute } from "./requeue-dead-letter.ts";
import { requeueDeadLettersRoute } from "./requeue-dead-letters.ts";

const SCHEMAS = [
  AccountingView,
  DeadLetterChoice,
  DeadLetterList,
  DiscardAnswer,
  ProviderChangeList,
  ProviderStateList,
  QueueOverview,
  RequeueAnswer,
];

/** The management routes: of the worker alone, the gateway forwards none of them. Each needs a key with the scope admin. */
export async function registerAdminRoutes(app: FastifyInstance, deps: AdminDeps): Promise<void> {
  for (const schema of SCHEMAS) app.addSchema(schema);
  await registerApiPaths(app, async (api) => {
    await listDeadLettersRoute(api, deps);
    await requeueDeadLettersRoute(api, deps);
    await requeueDeadLetterRoute(api, deps);
    await discardDeadLettersRoute(api, deps);
    await discardDeadLetterRoute(api, deps);
    await getQueuesRoute(api, deps);
    await listProvidersRoute(api, deps);
    await listProviderChangesRoute(api, deps);
    await getAccountingRoute(api, deps);
  });
}
