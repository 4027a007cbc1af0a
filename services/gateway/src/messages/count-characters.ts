/** Length of a text in characters (code points), so that an emoji of one code point is one, as in most languages. */
export function countCharacters(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length; index += 1) {
    // Half of a pair that stands for one character; a body with halves alone was refused before.
    if ((text.charCodeAt(index) & 0xfc00) === 0xdc00) count -= 1;
  }
  return count;
}
