import type { ServiceSetting } from "./service-settings.ts";

const GENERATED_NOTE = "`make up` generates it.";

/** The settings as a Markdown table for `docs/configuration.md`. */
export function renderSettingsTable(settings: readonly ServiceSetting[]): string {
  const rows = settings.map((setting) => {
    const cells = [
      `\`${setting.name}\``,
      setting.services.join(", "),
      describeForm(setting),
      describeDefault(setting),
      describeMeaning(setting),
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| setting | read by | form | default | meaning |", "|---|---|---|---|---|", ...rows].join("\n");
}

/**
 * The settings for `.env.example`, each one commented out with its default, so that a copy of the file changes nothing
 * until a line is uncommented. Values of secrets are left empty.
 */
export function renderEnvExample(settings: readonly ServiceSetting[]): string {
  return settings
    .map((setting) => {
      const about = `# ${describeMeaning(setting)} (${describeForm(setting)}; ${setting.services.join(", ")})`;
      const value = setting.secret || setting.default === undefined ? "" : quoteIfNeeded(writeValue(setting.default));
      return `${about.replaceAll("`", "")}\n#${setting.name}=${value}`;
    })
    .join("\n\n");
}

/** The settings of such a file whose values `make up` makes: the same as by the schemas, without loading the services. */
export function listGeneratedSettings(example: string): string[] {
  return example.split("\n\n").flatMap((entry) => {
    const [about = "", setting = ""] = entry.split("\n").slice(-2);
    return about.includes(GENERATED_NOTE.replaceAll("`", "")) ? (/^#?([A-Z][A-Z0-9_]*)=/.exec(setting)?.[1] ?? []) : [];
  });
}

function describeForm(setting: ServiceSetting): string {
  const form =
    setting.choices === undefined ? setting.type : setting.choices.map((choice) => `\`${String(choice)}\``).join(", ");
  return setting.unit === undefined ? form : `${form}, ${setting.unit}`;
}

function describeDefault(setting: ServiceSetting): string {
  if (setting.required) return "none: must be set";
  if (setting.insecureDefault) return "a value for development only";
  if (setting.default === undefined) return "not set";
  const written = writeValue(setting.default);
  return written === "" ? "empty" : `\`${written}\``;
}

function describeMeaning(setting: ServiceSetting): string {
  const notes = [
    setting.secret ? "Secret." : "",
    setting.generate === undefined ? "" : GENERATED_NOTE,
    setting.aliases.length === 0 ? "" : `Also read as ${setting.aliases.map((name) => `\`${name}\``).join(", ")}.`,
  ];
  return [setting.description, ...notes].filter((note) => note !== "").join(" ");
}

function writeValue(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** Node, Compose and shells agree on double quotes around a value without quotes, dollars or backslashes. */
function quoteIfNeeded(value: string): string {
  return /[\s#]/.test(value) ? `"${value}"` : value;
}
