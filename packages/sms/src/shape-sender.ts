export type ShapedSender =
  | { ok: true; sender: string; kind: "number" | "alphanumeric" }
  /** `problem` is a sentence for the client: what is wrong with the sender and what to do. */
  | { ok: false; problem: string };

/** Long numbers (up to the 15 digits of E.164) and short codes; some countries' short codes begin with 0. */
const NUMBER = /^\+?[0-9]{3,15}$/;

/** 11 characters is what the 10 octets of the originating address hold in GSM-7 (3GPP TS 23.040, 9.1.2.5). */
const ALPHANUMERIC = /^[A-Za-z0-9 ]{1,11}$/;

const LETTER = /[A-Za-z]/;

/**
 * Checks a sender by shape: 3 to 15 digits with an optional +, or 1 to 11 ASCII letters, digits and spaces with at
 * least one letter. Spaces around it are dropped. Whether the client owns the sender is for the caller to decide.
 */
export function shapeSender(raw: string): ShapedSender {
  const sender = raw.trim();
  if (NUMBER.test(sender)) return { ok: true, sender, kind: "number" };
  if (ALPHANUMERIC.test(sender) && LETTER.test(sender)) return { ok: true, sender, kind: "alphanumeric" };
  return { ok: false, problem: describeProblem(sender) };
}

function describeProblem(sender: string): string {
  if (sender === "") {
    return "The sender is empty: give a number such as +12025550123, or a name of up to 11 characters.";
  }
  if (/^\+?[0-9]+$/.test(sender)) {
    return "The sender is a number with fewer than 3 or more than 15 digits: give 3 to 15 digits, with or without a leading +.";
  }
  if (!LETTER.test(sender)) {
    return "The sender is neither a number nor a name: write a number as 3 to 15 digits without spaces or punctuation, with or without a leading +, or give a name with at least one letter.";
  }
  if (/[^A-Za-z0-9 ]/.test(sender)) {
    return "The sender name has a character that networks do not carry: use the letters A to Z, a to z, digits and spaces only.";
  }
  return "The sender name is longer than 11 characters: shorten it to 11.";
}
