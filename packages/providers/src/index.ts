export type { AccountOptions } from "./adapter.ts";
export { type LabCredentials, labCredentials } from "./lab-credentials.ts";
export type {
  CallbackRequest,
  CallOptions,
  DeliveryReport,
  FoundMessage,
  ProviderAccount,
  ProviderCapabilities,
  ProviderError,
  ReadResult,
  SearchQuery,
  SearchResult,
  SubmitMessage,
  SubmitResult,
} from "./provider.ts";
export { type AdapterName, capabilitiesOfAdapter, createProviderAccount } from "./registry.ts";
