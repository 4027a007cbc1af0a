export { buildWorker, type Worker, type WorkerDeps } from "./app.ts";
export { type WorkerRole, type WorkerSettings, workerSettings } from "./config.ts";
