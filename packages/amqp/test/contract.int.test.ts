import { describeWith, testMessageQueue } from "@sms-gateway/testkit";
import { openAmqpWorld } from "./amqp-world.ts";

describeWith("rabbitmq", "the message queue over AMQP", (url) => {
  testMessageQueue(() => openAmqpWorld(url));
});
