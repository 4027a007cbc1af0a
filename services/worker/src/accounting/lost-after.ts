/**
 * A group that is missing for this long counts as lost, in ms. A worker that dies with a batch gives it back within a
 * minute, and one that is cut off from the database holds its batch for as long as the cut lasts: what then arrives late
 * takes the alarm back.
 */
export const LOST_AFTER_MS = 5 * 60 * 1000;
