export { registerApiPaths } from "./api-paths.ts";
export {
  CLIENT_ADDRESS_HEADER,
  CLIENT_ADDRESS_SIGNATURE_HEADER,
  signClientAddress,
  verifyClientAddress,
} from "./client-address.ts";
export { describeValidation, type FieldProblem, type SchemaError } from "./describe-validation.ts";
export { errorHandler, toApiError } from "./error-handler.ts";
export { jsonBody } from "./json-body.ts";
export { errorResponses, openApi } from "./open-api.ts";
export { hashApiKey, readApiKey } from "./read-api-key.ts";
export { createFailureBrake, type FailureBrake } from "./slow-down.ts";
export { unknownRoutes } from "./unknown-routes.ts";
