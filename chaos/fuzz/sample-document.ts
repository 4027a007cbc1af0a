/** A small OpenAPI document as the services serve theirs, for tests. */
export const SAMPLE_DOCUMENT = {
  openapi: "3.1.0",
  components: {
    schemas: {
      ErrorBody: {
        type: "object",
        required: ["error_code", "message", "details", "timestamp"],
        properties: {
          error_code: { type: "string" },
          message: { type: "string" },
          details: { type: "object", additionalProperties: {} },
          timestamp: { type: "string", format: "date-time" },
        },
      },
      SendRequest: {
        type: "object",
        required: ["to"],
        properties: {
          to: {
            anyOf: [
              { type: "string", minLength: 1 },
              { type: "array", items: { type: "string" }, minItems: 1 },
            ],
          },
          message: { anyOf: [{ type: "string", maxLength: 1600 }, { type: "null" }] },
          priority: { anyOf: [{ type: "integer", minimum: 1, maximum: 5 }, { type: "null" }] },
          udh: { type: "string", pattern: "^([0-9a-fA-F]{2}){1,134}$" },
          sms_type: { enum: ["otp", "alert"] },
        },
      },
    },
  },
  paths: {
    "/api/v1/sms/send": {
      post: {
        security: [{ ApiKey: [] }],
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/SendRequest" } } } },
        responses: {
          202: { content: { "application/json": { schema: { type: "object", required: ["tracking_id"] } } } },
          422: { content: { "application/json": { schema: { $ref: "#/components/schemas/ErrorBody" } } } },
        },
      },
    },
    "/api/v1/sms/{id}": {
      get: {
        security: [{ ApiKey: [] }],
        parameters: [
          { in: "path", name: "id", required: true, schema: { type: "string" } },
          { in: "query", name: "trace", required: false, schema: { enum: ["true", "false"] } },
        ],
        responses: { 204: { description: "Taken." } },
      },
    },
  },
} as const;
