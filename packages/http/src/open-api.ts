import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import {
  AcceptedMessageView,
  ErrorBody,
  MessageList,
  MessageView,
  SendAnswer,
  SendRequest,
  SimpleSendAnswer,
} from "@sms-gateway/contracts";
import type { FastifyInstance } from "fastify";
import fp from "fastify-plugin";

/** OpenAPI 3.1 from the routes' own schemas, at `/docs` (Swagger UI), `/docs/json` and `/docs/yaml`. */
export const openApi = fp(
  async (app: FastifyInstance, options: { title: string; description: string }) => {
    await app.register(swagger, {
      openapi: {
        openapi: "3.1.0",
        info: {
          title: options.title,
          description: options.description,
          version: "1.0.0",
          license: { name: "MIT", identifier: "MIT" },
        },
        components: {
          securitySchemes: {
            ApiKey: { type: "apiKey", in: "header", name: "API-Key" },
            Bearer: { type: "http", scheme: "bearer" },
            Basic: { type: "http", scheme: "basic" },
          },
        },
      },
      refResolver: {
        buildLocalReference: (json, _baseUri, _fragment, i) => (typeof json.$id === "string" ? json.$id : `def-${i}`),
      },
    });
    await app.register(swaggerUi, { routePrefix: "/docs" });
    for (const schema of [
      AcceptedMessageView,
      ErrorBody,
      MessageList,
      MessageView,
      SendAnswer,
      SendRequest,
      SimpleSendAnswer,
    ]) {
      app.addSchema(schema);
    }
  },
  { name: "open-api" },
);
