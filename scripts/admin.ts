/** `make admin`: runs an operator's command on the database of what runs here. */
import { resolve } from "node:path";
import { runAdminProgram } from "./operate/admin-program.ts";
import { runCommand } from "./operate/operator-error.ts";

const ROOT = resolve(import.meta.dirname, "..");

await runCommand(() => runAdminProgram(ROOT, process.argv.slice(2)));
