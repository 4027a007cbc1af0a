// String.prototype.isWellFormed is in every Node we support (20 and later), but not in the types of es2023.
/// <reference lib="es2024.string" />

/**
 * Whether a string contains U+0000 or a surrogate without its partner. Postgres stores neither, and one such string
 * would make it refuse the whole batch of messages it travels in; so they are refused at the door, in keys and values.
 */
export function hasForbiddenCharacters(text: string): boolean {
  return text.includes("\u0000") || !text.isWellFormed();
}
