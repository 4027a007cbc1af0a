export {
  createSmsClient,
  type ListMessagesQuery,
  type SendOptions,
  type SmsClient,
  type SmsClientOptions,
  type WaitOptions,
} from "./create-sms-client.ts";
export { SmsApiError, type SmsErrorCode } from "./sms-api-error.ts";
