import { PROVIDER_NAMES } from "@sms-gateway/contracts";
import { SettingsError, usesDefaultSecrets } from "@sms-gateway/runtime";
import { type WorkerSettings, workerSettings } from "../config.ts";
import type { ProviderAccounts } from "./provider-accounts.ts";

/**
 * Refuses real providers together with secrets that are published with the source (architecture.md section 6): with
 * those anyone could forge ids, callbacks and the gateway's signature.
 *
 * @throws SettingsError naming every such secret.
 */
export function checkRealProviders(settings: WorkerSettings, accounts: ProviderAccounts): void {
  const real = PROVIDER_NAMES.filter((provider) => accounts.find(provider, "live") !== undefined);
  if (real.length === 0) return;
  const problem = `still has its published default, but real credentials are set for ${real.join(", ")}: set it to a random value`;
  const problems = usesDefaultSecrets(workerSettings, settings)
    .filter((name) => name !== "LAB_TOKEN" || settings.LAB)
    .map((name) => ({ name, problem }));
  if (problems.length > 0) throw new SettingsError(problems);
}
