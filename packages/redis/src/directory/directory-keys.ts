/** One hash tag, so that version and snapshot lie in the same slot of a cluster and change in one step. */
export const DIRECTORY_VERSION_KEY = "{directory}:version";
export const DIRECTORY_SNAPSHOT_KEY = "{directory}:snapshot";
