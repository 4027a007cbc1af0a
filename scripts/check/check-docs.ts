import { checkCommands } from "./check-commands.ts";
import { checkErrorDocs } from "./check-error-docs.ts";
import { checkLinks } from "./check-links.ts";
import { checkProviderRegistry } from "./check-provider-registry.ts";
import type { CheckReport } from "./check-report.ts";
import { checkSettingDocs } from "./check-setting-docs.ts";
import { checkStateDocs } from "./check-state-docs.ts";
import type { Repository } from "./repository.ts";

/**
 * What the docs claim, against the code. The modules that read the product's own tables are loaded one by one, so that a
 * table that does not load is one finding and not the end of the check.
 */
export async function checkDocs(repository: Repository): Promise<CheckReport> {
  const fromCode = await Promise.all([
    guard(async () => checkErrorDocs(repository, (await import("@sms-gateway/contracts")).ERROR_CODES)),
    guard(async () => checkStateDocs(repository, (await import("@sms-gateway/contracts")).MESSAGE_STATES)),
    guard(async () => {
      const { loadServiceSettings } = await import("../docs/service-settings.ts");
      return checkSettingDocs(repository, await loadServiceSettings(repository.root));
    }),
  ]);
  const fromText = [checkCommands(repository), checkLinks(repository), checkProviderRegistry(repository)];
  return { findings: [...fromCode, ...fromText].flat() };
}

async function guard(check: () => Promise<string[]>): Promise<string[]> {
  try {
    return await check();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
