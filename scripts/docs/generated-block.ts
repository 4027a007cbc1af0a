/** How a file marks the part that a script writes. */
export interface BlockMarkers {
  readonly begin: string;
  readonly end: string;
}

const NOTE = "settings, written by `make docs` from the services' schemas";

export const MARKDOWN_MARKERS: BlockMarkers = { begin: `<!-- begin: ${NOTE} -->`, end: "<!-- end: settings -->" };
export const ENV_MARKERS: BlockMarkers = { begin: `#### begin: ${NOTE}`, end: "#### end: settings" };

/** The text between the markers, `undefined` when a marker is missing. */
export function readBlock(text: string, { begin, end }: BlockMarkers): string | undefined {
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  return from === -1 || to === -1 ? undefined : text.slice(from + begin.length, to).trim();
}

/** Replaces the text between the markers; `undefined` when a marker is missing. */
export function replaceBlock(text: string, markers: BlockMarkers, block: string): string | undefined {
  if (readBlock(text, markers) === undefined) return undefined;
  const from = text.indexOf(markers.begin) + markers.begin.length;
  return `${text.slice(0, from)}\n\n${block}\n\n${text.slice(text.indexOf(markers.end, from))}`;
}
