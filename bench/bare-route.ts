import { SendAnswer, SendRequest } from "@sms-gateway/contracts";
import Fastify from "fastify";

/** The yardstick: a bare Fastify route with the schemas of `sms/send`, which validates, answers and does nothing else. */
const app = Fastify({ logger: false, ajv: { customOptions: { allErrors: true, coerceTypes: false } } });
app.addSchema(SendRequest);
app.addSchema(SendAnswer);
const id = "019a0000-0000-7000-8000-000000000000";
app.post(
  "/api/v1/sms/send",
  { schema: { body: { $ref: "SendRequest#" }, response: { 202: { $ref: "SendAnswer#" } } } },
  (_request, reply) =>
    reply.code(202).send({
      success: true,
      message: "Request accepted for processing.",
      tracking_id: id,
      batch_id: id,
      message_count: 1,
      message_ids: [id],
      messages: [{ id, to: "+12025550123", status: "accepted", encoding: "gsm7", segments: 1 }],
      duplicates: [],
      warnings: [],
      scheduled_for: null,
      simulated: true,
    }),
);
await app.listen({ host: "127.0.0.1", port: Number(process.argv[2]) });
