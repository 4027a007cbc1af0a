import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BlockMarkers, ENV_MARKERS, MARKDOWN_MARKERS, replaceBlock } from "./docs/generated-block.ts";
import { renderEnvExample, renderSettingsTable } from "./docs/render-settings.ts";
import { loadServiceSettings } from "./docs/service-settings.ts";

// Writes the settings' table of `docs/configuration.md` and the settings of `.env.example` from the services' schemas.
// Everything outside the markers is left as it is; a file that does not exist yet is begun.

const root = join(import.meta.dirname, "..");
const settings = await loadServiceSettings(root);
writeBlock("docs/configuration.md", MARKDOWN_MARKERS, renderSettingsTable(settings));
writeBlock(".env.example", ENV_MARKERS, renderEnvExample(settings));

function writeBlock(path: string, markers: BlockMarkers, block: string): void {
  const full = join(root, path);
  const beginning = path.endsWith(".md") ? "# Configuration\n\n" : "";
  const text = existsSync(full) ? readFileSync(full, "utf8") : `${beginning}${markers.begin}\n${markers.end}\n`;
  const written = replaceBlock(text, markers, block);
  if (written === undefined) throw new Error(`${path} lacks the lines "${markers.begin}" and "${markers.end}"`);
  if (written !== text) writeFileSync(full, written);
  console.log(`${path}: ${written === text ? "unchanged" : "written"}, ${settings.length} settings`);
}
