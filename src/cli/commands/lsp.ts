// `belay lsp`: speaks with an editor over stdin and stdout until the editor ends it. Nothing else may be printed there.
import type { Run } from '../context.ts';

export const run: Run = async ({ wiring, lang, langGiven }) => {
  await wiring.serveEditor({ lang: langGiven ? lang : null });
  // The editor ends the process: by `exit`, or by closing the stream.
  return new Promise<never>(() => undefined);
};
