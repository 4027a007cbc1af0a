import { describeWith, testMessageQueue } from "@sms-gateway/testkit";
import { afterAll, beforeAll } from "vitest";
import { createQueueDatabase, openQueueWorld } from "./queue-world.ts";

describeWith("postgres", "the message queue on Postgres", (adminUrl) => {
  let database: Awaited<ReturnType<typeof createQueueDatabase>>;
  beforeAll(async () => {
    database = await createQueueDatabase(adminUrl);
  });
  afterAll(() => database.drop());

  testMessageQueue(() => openQueueWorld(database.url));
});
