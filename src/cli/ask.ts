// Questions at the terminal, on stderr. Where nobody sits at both ends nothing is asked: the caller names the flag instead.
import { createInterface } from 'node:readline/promises';
import { Detached } from './exit-code.ts';

/** What was typed, without blanks around it. Ctrl-C and Ctrl-D let go. */
export async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<string>((answer, letGo) => {
      lines.once('SIGINT', () => letGo(new Detached('Ctrl-C')));
      lines.once('close', () => letGo(new Detached('no answer')));
      lines.question(question).then((text) => answer(text.trim()), letGo);
    });
  } finally {
    lines.close();
  }
}

export async function askYes(question: string): Promise<boolean> {
  return /^(y|yes|s|sim)$/i.test(await ask(`${question} [y/N] `));
}
