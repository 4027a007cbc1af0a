import { statSync } from "node:fs";
import { join } from "node:path";
import { DATA_FOLDER } from "./data-folders.ts";

/** What the first `make up` makes, for its user alone. */
const OWNED = [DATA_FOLDER, ".env"];

/**
 * Why that user cannot run what is in the checkout: somebody else has run it first. Undefined when nobody has, and for
 * root, who may do everything.
 */
export function explainForeignOwner(root: string, uid: number | undefined): string | undefined {
  if (uid === undefined || uid === 0) return undefined;
  const foreign = OWNED.flatMap((name) => {
    const owner = statSync(join(root, name), { throwIfNoEntry: false })?.uid;
    return owner === undefined || owner === uid ? [] : [{ name, owner }];
  });
  const [first] = foreign;
  if (first === undefined) return undefined;
  const who = first.owner === 0 ? "root" : `the user with id ${first.owner}`;
  const names = foreign.map(({ name }) => name).join(" ");
  return `${names.replace(" ", " and ")} ${foreign.length === 1 ? "belongs" : "belong"} to ${who}: run this as ${who}; or, while nothing runs, as root: chown -R ${uid} ${names}`;
}
