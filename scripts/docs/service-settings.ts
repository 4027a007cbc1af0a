import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { listSettings, type SettingDescription } from "@sms-gateway/runtime";
import { Type } from "typebox";

/** The services that read settings, in the order of the documentation, and what each one's `config.ts` calls its schema. */
const SETTING_SCHEMAS = [
  { service: "gateway", schema: "gatewaySettings" },
  { service: "worker", schema: "workerSettings" },
  { service: "carrier-lab", schema: "carrierLabSettings" },
  { service: "standalone", schema: "standaloneSettings" },
] as const;

/** A setting and the services that read it. */
export interface ServiceSetting extends SettingDescription {
  readonly services: readonly string[];
}

/**
 * Reads the settings' schemas of all services. The same setting in two services is one entry; where they differ, in a
 * default for example, each has its own.
 *
 * @throws Error naming the file when a `config.ts` is missing or does not export its schema.
 */
export async function loadServiceSettings(root: string): Promise<ServiceSetting[]> {
  const merged = new Map<string, ServiceSetting>();
  for (const { service, schema } of SETTING_SCHEMAS) {
    for (const setting of listSettings(await loadSchema(root, service, schema))) {
      const key = JSON.stringify(setting);
      merged.set(key, { ...setting, services: [...(merged.get(key)?.services ?? []), service] });
    }
  }
  return [...merged.values()];
}

async function loadSchema(root: string, service: string, name: string): Promise<Parameters<typeof listSettings>[0]> {
  const path = `services/${service}/src/config.ts`;
  if (!existsSync(join(root, path))) throw new Error(`${path} is missing: it holds the schema ${name}`);
  const loaded: unknown = await import(pathToFileURL(join(root, path)).href).catch((error: unknown) => {
    throw new Error(`${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  });
  const schema: unknown = typeof loaded === "object" && loaded !== null ? Reflect.get(loaded, name) : undefined;
  if (!Type.IsObject(schema)) throw new Error(`${path} does not export a TypeBox object named ${name}`);
  return schema;
}
