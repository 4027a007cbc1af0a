import type { Repository } from "./repository.ts";

const PAGE = "docs/message-states.md";

/** Every state a message can have is explained on its page. */
export function checkStateDocs(repository: Repository, states: readonly string[]): string[] {
  const text = repository.read(PAGE);
  if (text === undefined) return [`${PAGE} is missing`];
  return states
    .filter((state) => !text.includes(`\`${state}\``))
    .map((state) => `${PAGE} does not mention \`${state}\``);
}
