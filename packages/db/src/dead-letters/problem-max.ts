/** Longest problem that is kept of a dead letter, in characters: it is for people to read. */
export const PROBLEM_MAX = 500;
