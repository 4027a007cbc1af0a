import { expect, test } from "vitest";
import { describeTopology } from "./topology.ts";

const plain = { namePrefix: "", vhost: "/" };
const argumentsOf = (settings: Parameters<typeof describeTopology>[0], version: string) =>
  Object.fromEntries(describeTopology(settings, version).map((queue) => [queue.name, queue.arguments]));

test("declares five quorum queues that refuse instead of dropping", () => {
  const quorum = { "x-queue-type": "quorum", "x-overflow": "reject-publish" };
  expect(argumentsOf(plain, "3.10.8")).toEqual({
    "sms.accepted.high": quorum,
    "sms.accepted.normal": quorum,
    "sms.accepted.bulk": quorum,
    "sms.reports": quorum,
    "sms.dead": quorum,
  });
});

test("switches the delivery limit off where the server has one, and only there", () => {
  for (const version of ["4.0.0", "4.2.1", "10.0.0"]) {
    for (const queue of describeTopology(plain, version)) expect(queue.arguments["x-delivery-limit"]).toBe(-1);
  }
  for (const version of ["3.10.8", "3.13.7"]) {
    for (const queue of describeTopology(plain, version))
      expect(queue.arguments).not.toHaveProperty("x-delivery-limit");
  }
});

test("bounds lanes and reports, never the dead letters", () => {
  const declared = argumentsOf({ ...plain, namePrefix: "p.", maxLengthMessages: 5, maxLengthBytes: 700 }, "4.1.0");
  const { "p.sms.dead": dead, ...others } = declared;
  expect(Object.keys(others)).toHaveLength(4);
  for (const queue of Object.values(others))
    expect(queue).toMatchObject({ "x-max-length": 5, "x-max-length-bytes": 700 });
  expect(Object.keys(dead ?? {}).toSorted()).toEqual(["x-delivery-limit", "x-overflow", "x-queue-type"]);
});
