export { capabilitiesOf } from "./accounts/provider-accounts.ts";
export { buildWorker, type Worker, type WorkerDeps } from "./app.ts";
export { loadWorkerSettings, type WorkerRole, type WorkerSettings, workerSettings } from "./config.ts";
