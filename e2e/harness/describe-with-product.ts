import { describeWithOwn } from "@sms-gateway/testkit";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type Product, type ProductOptions, startProduct } from "./product.ts";
import { showLogs } from "./product-face.ts";

/**
 * A suite against the whole product, with servers of its own: it may stop, freeze and kill every part. They are started
 * once for the suite and always stopped. `product()` is for use inside of tests and hooks.
 */
export function describeWithProduct(
  name: string,
  suite: (product: () => Product) => void,
  options: ProductOptions = {},
): void {
  describeWithOwn("postgres", name, (startPostgres) => {
    describeWithOwn("redis", "with Redis", (startRedis) => {
      describeWithOwn("rabbitmq", "and RabbitMQ", (startRabbitmq) => {
        let running: Product | undefined;
        const product = (): Product => {
          if (running === undefined) throw new Error("the product is not running");
          return running;
        };
        beforeAll(async () => {
          const [postgres, redis, rabbitmq] = await Promise.all([
            startPostgres({ database: "sms_gateway" }),
            // Durable, as in production: what a restart must not forget (quota, reservations) is on disk.
            startRedis({ password: "e2e-redis-password", durable: true }),
            startRabbitmq({ user: "e2e", password: "e2e-rabbitmq-password" }),
          ]);
          running = await startProduct({ postgres, redis, rabbitmq }, options);
          for (const password of ["e2e-redis-password", "e2e-rabbitmq-password"]) running.traces.addSecret(password);
        });
        afterAll(() => running?.stop());
        afterEach(({ task }) => {
          if (task.result?.state === "fail") showLogs(product());
        });
        suite(product);
      });
    });
  });
}
