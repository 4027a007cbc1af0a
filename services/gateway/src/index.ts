export { buildGateway, type Gateway } from "./app.ts";
export { type GatewaySettings, gatewaySettings, loadGatewaySettings } from "./config.ts";
export type { GatewayDeps } from "./deps.ts";
