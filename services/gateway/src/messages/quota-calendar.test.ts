import { expect, test } from "vitest";
import { createQuotaCalendar } from "./quota-calendar.ts";

const quotaDay = createQuotaCalendar();
const at = (time: string) => Date.parse(time);

test.each([
  ["UTC", "2026-01-31T23:59:59.999Z", "2026-01-31", "2026-02-01T00:00:00Z"],
  ["UTC", "2026-02-01T00:00:00Z", "2026-02-01", "2026-02-02T00:00:00Z"],
  ["Europe/Berlin", "2026-01-31T22:59:59Z", "2026-01-31", "2026-01-31T23:00:00Z"],
  ["Europe/Berlin", "2026-01-31T23:00:00Z", "2026-02-01", "2026-02-01T23:00:00Z"],
  // Summer time begins: 23 hours.
  ["Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29", "2026-03-29T22:00:00Z"],
  // It ends: 25 hours.
  ["Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25", "2026-10-25T23:00:00Z"],
  // In Santiago the clock goes from midnight to one, so that the day begins at one.
  ["America/Santiago", "2026-09-06T03:59:59Z", "2026-09-05", "2026-09-06T04:00:00Z"],
  ["America/Santiago", "2026-09-06T04:00:00Z", "2026-09-06", "2026-09-07T03:00:00Z"],
  // Half an hour of summer time.
  ["Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05", "2026-04-05T13:30:00Z"],
  ["Asia/Kathmandu", "2026-01-31T18:14:59Z", "2026-01-31", "2026-01-31T18:15:00Z"],
  ["Pacific/Kiritimati", "2026-01-31T10:00:00Z", "2026-02-01", "2026-02-01T10:00:00Z"],
])("in %s the day of %s is %s and ends at %s", (zone, now, day, endsAt) => {
  expect(quotaDay(zone, at(now))).toMatchObject({ day, endsAtMs: at(endsAt) });
});

test("a day that is remembered is the same from its first to its last millisecond, and not beyond", () => {
  const calendar = createQuotaCalendar();
  const days = ["22:00:00.000", "23:00:00.000", "22:59:59.999"].map(
    (time) => calendar("Europe/Berlin", at(`2026-01-31T${time}Z`)).day,
  );
  expect(days).toEqual(["2026-01-31", "2026-02-01", "2026-01-31"]);
});

test("a zone that this machine does not know counts as UTC", () => {
  expect(quotaDay("Mars/Olympus", at("2026-01-31T23:30:00Z"))).toEqual(quotaDay("UTC", at("2026-01-31T23:30:00Z")));
});
