import { posix } from "node:path";
import { isTest, isTypeScript, type Repository } from "./repository.ts";
import { listModuleReferences } from "./source-file.ts";

/**
 * The floors of a service, from the top: `main → app → routes | consumers → actions → packages`. A file imports from its
 * own floor or from below. Routes and consumers are two wings of one floor without a door between them.
 */
const FLOORS = ["main", "app", "entrances", "actions"] as const;
type Floor = (typeof FLOORS)[number];

const ENTRANCES = ["routes", "consumers", "plugins"];

/** Files that start a process: nothing imports them. */
const STARTERS = /^(main|admin)$/;
/** Files that put the service together. `index.ts` offers that to standalone. */
const BUILDERS = /^(app|index|build-.+)$/;

/** Imports inside a service that go back up, or from routes to consumers and the reverse. */
export function checkServiceLayers(repository: Repository): string[] {
  const inServices = repository.files.filter((path) => /^services\/[^/]+\/src\//.test(path));
  return inServices
    .filter((path) => isTypeScript(path) && !isTest(path))
    .flatMap((path) =>
      listModuleReferences(repository.source(path)).flatMap((reference) => {
        if (!reference.specifier.startsWith(".")) return [];
        const target = posix.join(posix.dirname(path), reference.specifier);
        // A step out of the sources is the rooms' business.
        if (!target.startsWith(path.split("/").slice(0, 3).join("/"))) return [];
        const fault = judgeStep(pathInside(path), pathInside(target));
        return fault === undefined ? [] : [`${path}:${reference.line} ${fault} (${reference.specifier})`];
      }),
    );
}

function pathInside(path: string): string {
  return path.split("/").slice(3).join("/");
}

function judgeStep(from: string, to: string): string | undefined {
  const [start, end] = [floorOf(from), floorOf(to)];
  if (end === "main") return "imports a file that starts a process";
  if (FLOORS.indexOf(end) < FLOORS.indexOf(start)) return `goes back up, from ${start} to ${end}`;
  const [wing, otherWing] = [from.split("/")[0], to.split("/")[0]];
  const crosses = (wing === "routes" && otherWing === "consumers") || (wing === "consumers" && otherWing === "routes");
  return crosses ? `goes from ${wing} to ${otherWing}: what both need is an action` : undefined;
}

function floorOf(path: string): Floor {
  const [first = "", ...rest] = path.split("/");
  if (rest.length > 0) return ENTRANCES.includes(first) ? "entrances" : "actions";
  const name = first.replace(/\.tsx?$/, "");
  if (STARTERS.test(name)) return "main";
  return BUILDERS.test(name) ? "app" : "actions";
}
