export { carrierLabSettings } from "./config.ts";
