import { LANES, type Lane } from "@sms-gateway/contracts";

/** Lanes are kept as their place in the order of urgency. */
export function laneNumber(lane: Lane): number {
  return LANES.indexOf(lane);
}

/** @throws TypeError for a number that is no lane. */
export function laneAt(number: number): Lane {
  const lane = LANES[number];
  if (lane === undefined) throw new TypeError(`lane ${number} does not exist`);
  return lane;
}
