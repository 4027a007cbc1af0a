export { registerApiPaths } from "./api-paths.ts";
export {
  CLIENT_ADDRESS_HEADER,
  CLIENT_ADDRESS_SIGNATURE_HEADER,
  signClientAddress,
  verifyClientAddress,
} from "./client-address.ts";
export { describeValidation, type FieldProblem, PROBLEMS_MAX, type SchemaError } from "./describe-validation.ts";
export { errorHandler, type SendErrorOptions, sendError } from "./error-handler.ts";
export { type DeclaredError, type ErrorResponse, errorResponses } from "./error-responses.ts";
export { httpServerOptions } from "./http-server-options.ts";
export { jsonBody } from "./json-body.ts";
export { openApi } from "./open-api.ts";
export { hashApiKey, readApiKey } from "./read-api-key.ts";
export { createFailureBrake, type FailureBrake } from "./slow-down.ts";
export { unknownRoutes } from "./unknown-routes.ts";
