/**
 * `make dlq`: lists, requeues and discards dead letters. It needs the database alone, as `make admin` does, and no key:
 * what is to be done is ordered there, and the running worker does it. Discarding all asks first; `FORCE=1` does not ask.
 */
import { resolve } from "node:path";
import { runAdminProgram } from "./operate/admin-program.ts";
import { confirm } from "./operate/confirm.ts";
import { runCommand } from "./operate/operator-error.ts";

const ROOT = resolve(import.meta.dirname, "..");
const words = process.argv.slice(2);

await runCommand(async () => {
  if (words.includes("discard") && words.includes("all")) {
    console.log("This deletes the dead letters for good: the messages in them are never sent.");
    await confirm({
      question: 'Type "yes" to delete them: ',
      refusal: "Nothing was discarded",
      command: "make dlq ARGS='discard all'",
    });
  }
  return await runAdminProgram(ROOT, ["dlq", ...words]);
});
