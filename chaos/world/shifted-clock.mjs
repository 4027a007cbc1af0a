// Loaded into a worker before its own code (`node --import`), so that its wall clock can be set off from the machine's.
// On SIGUSR2 the offset, in ms, is read anew from the file that this script's own query names. Monotonic clocks stay.
import { readFileSync } from "node:fs";

const offsetFile = new URL(import.meta.url).searchParams.get("offset");
const RealDate = Date;
let offsetMs = 0;
const now = () => RealDate.now() + offsetMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver) => (name === "now" ? now : Reflect.get(target, name, receiver)),
});

process.on("SIGUSR2", () => {
  offsetMs = Number(readFileSync(offsetFile, "utf8"));
});
