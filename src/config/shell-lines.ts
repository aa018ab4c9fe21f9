// Text of a fence as the commands that people will paste: continued lines joined, prompts and wrappers taken off, each with its place.
// It runs nothing and knows no command by name.

export interface PastedCommand {
  /** Without prompt, `sudo` and the like; one line. */
  readonly text: string;
  /** Where it begins in the fence. */
  readonly start: number;
  readonly end: number;
}

/** Fences that hold program text or messages, which nobody pastes into a shell or a database. */
const NOT_PASTED =
  /^(?:markdown|md|text|txt|json|jsonc|ya?ml|toml|ini|js|javascript|ts|typescript|tsx|jsx|python|py|go|rust|java|ruby|rb|php|html|css|diff|mermaid|csv|draft|http|env|dotenv)$/i;

export function isPasted(tag: string): boolean {
  return !NOT_PASTED.test(tag);
}

const WRAPPERS =
  /^(?:[$%>#]\s+|sudo\s+(?:-\S+\s+)*|time\s+|nohup\s+|exec\s+|env\s+|(?:[A-Z_][A-Z0-9_]*=(?:"[^"]*"|'[^']*'|\S*)\s+)|(?:poetry|pipenv|uv|rye)\s+run\s+|(?:npx|bunx|pnpx)\s+(?:-\S+\s+)*|(?:pnpm|yarn)\s+(?:exec|dlx)\s+|bundle\s+exec\s+)/;

const COMMENT = /^(?:#|--\s|\/\/)/;
const MOST_LINES = 2_000;

/** @example pastedCommands('$ git log\n# why\ngit push').map((one) => one.text) // ['git log', 'git push'] */
export function pastedCommands(fence: string): readonly PastedCommand[] {
  const found: PastedCommand[] = [];
  let offset = 0;
  let open: { text: string; start: number } | null = null;
  for (const line of fence.split('\n').slice(0, MOST_LINES)) {
    const trimmed = line.trim();
    const start = offset + line.indexOf(trimmed);
    offset += line.length + 1;
    if (open === null && (trimmed === '' || COMMENT.test(trimmed))) continue;
    const isContinued = trimmed.endsWith('\\');
    const piece = isContinued ? trimmed.slice(0, -1).trimEnd() : trimmed;
    open = open === null ? { text: piece, start } : { text: `${open.text} ${piece}`, start: open.start };
    if (isContinued) continue;
    found.push(...splitLine(open.text, open.start, start + trimmed.length));
    open = null;
  }
  if (open !== null) found.push(...splitLine(open.text, open.start, fence.length));
  return found;
}

/** `a && b; c` are three. A pipe stays: what is left of it is what acts. */
function splitLine(text: string, start: number, end: number): readonly PastedCommand[] {
  return text
    .split(/\s+&&\s+|\s+\|\|\s+|;\s+/)
    .map((one) => ({ text: bare(one), start, end }))
    .filter((one) => one.text !== '');
}

/** @example bare('sudo poetry run alembic downgrade -1') // 'alembic downgrade -1' */
export function bare(command: string): string {
  let text = command.trim();
  for (let round = 0; round < 6; round += 1) {
    const cut = text.replace(WRAPPERS, '');
    if (cut === text) break;
    text = cut.trimStart();
  }
  return text.replace(/\s+#\s.*$/, '').trim();
}
