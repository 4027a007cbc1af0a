import { type BlockMarkers, ENV_MARKERS, MARKDOWN_MARKERS, readBlock } from "../docs/generated-block.ts";
import { renderEnvExample, renderSettingsTable } from "../docs/render-settings.ts";
import type { ServiceSetting } from "../docs/service-settings.ts";
import type { Repository } from "./repository.ts";
import { REQUIREMENT_SETTINGS, RESERVED_SETTINGS } from "./requirement-settings.ts";

const PAGE = "docs/configuration.md";
const EXAMPLE = ".env.example";

/** Settings: the page and the example are what the schemas say, and every name used anywhere is one that is read. */
export function checkSettingDocs(repository: Repository, settings: readonly ServiceSetting[]): string[] {
  const read = new Set(settings.flatMap((setting) => [setting.name, ...setting.aliases]));
  return [
    ...compareBlock(repository, PAGE, { markers: MARKDOWN_MARKERS, block: renderSettingsTable(settings) }),
    ...compareBlock(repository, EXAMPLE, { markers: ENV_MARKERS, block: renderEnvExample(settings) }),
    ...checkRequirementNames(read),
    ...checkOtherNames(repository, read),
  ];
}

function compareBlock(
  repository: Repository,
  path: string,
  wanted: { readonly markers: BlockMarkers; readonly block: string },
): string[] {
  const text = repository.read(path);
  if (text === undefined) return [`${path} is missing: \`make docs\` begins it`];
  const block = readBlock(text, wanted.markers);
  if (block === undefined) return [`${path} lacks the lines "${wanted.markers.begin}" and "${wanted.markers.end}"`];
  return block === wanted.block ? [] : [`${path} does not say what the settings' schemas say: run \`make docs\``];
}

function checkRequirementNames(read: ReadonlySet<string>): string[] {
  const missing = REQUIREMENT_SETTINGS.filter((name) => !read.has(name) && !(name in RESERVED_SETTINGS));
  const arrived = Object.keys(RESERVED_SETTINGS).filter((name) => read.has(name));
  return [
    ...missing.map((name) => `no service reads ${name}, which a requirement document uses`),
    ...arrived.map(
      (name) => `${name} is read now: take it off the reserved list (scripts/check/requirement-settings.ts)`,
    ),
  ];
}

/** Names outside the generated parts: what only Compose and the scripts read stands in the example by hand. */
function checkOtherNames(repository: Repository, read: ReadonlySet<string>): string[] {
  const byHand = namesIn(withoutBlock(repository.read(EXAMPLE), ENV_MARKERS), /^#?([A-Z][A-Z0-9_]*)=/gm);
  const readers = repository.files.filter((path) =>
    /^(docker-compose.*\.ya?ml|Makefile|scripts\/(?!check\/).*)$/.test(path),
  );
  const readerText = readers.map((path) => repository.read(path) ?? "").join("\n");
  const inCompose = readers
    .filter((path) => path.startsWith("docker-compose"))
    .flatMap((path) => namesIn(repository.read(path) ?? "", /(?<!\$)\$\{([A-Z][A-Z0-9_]*)/g));
  const onPage = namesIn(
    withoutBlock(repository.read(PAGE), MARKDOWN_MARKERS),
    /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g,
  );
  const known = new Set([...read, ...byHand]);
  return [
    ...byHand
      .filter((name) => read.has(name))
      .map((name) => `${EXAMPLE} names ${name} by hand, though a schema has it`),
    ...byHand
      .filter((name) => !read.has(name) && !new RegExp(`\\b${name}\\b`).test(readerText))
      .map((name) => `${EXAMPLE} names ${name}, which nothing reads`),
    ...inCompose
      .filter((name) => !known.has(name))
      .map((name) => `docker-compose reads ${name}, which ${EXAMPLE} lacks`),
    ...onPage.filter((name) => !known.has(name)).map((name) => `${PAGE} names ${name}, which nothing reads`),
  ];
}

function withoutBlock(text: string | undefined, markers: BlockMarkers): string {
  const block = text === undefined ? undefined : readBlock(text, markers);
  return block === undefined || block === "" ? (text ?? "") : (text ?? "").replace(block, () => "");
}

function namesIn(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].flatMap((found) => found[1] ?? []))];
}
