// What the language server is given: the tools of the lint, asked for again now and then because they know what day it is.

import { fileURLToPath } from 'node:url';
import { createDigest, systemTime } from './adapters/system/index.ts';
import type { Environment } from './config/load.ts';
import type { Looking } from './config/look.ts';
import type { Lang } from './domain/system.ts';
import { lintTools, sqlParser } from './local.ts';
import { serveEditor } from './lsp/server.ts';

const TOOLS_KEPT_MS = 600_000;

export function serve({ lang, version, env }: { readonly lang: Lang | null; readonly version: string; readonly env: Environment }): void {
  const hashing = createDigest('');
  let kept: { readonly at: number; readonly looking: Promise<Looking> } | null = null;
  const looking = (): Promise<Looking> => {
    const now = systemTime.now();
    if (kept === null || now - kept.at > TOOLS_KEPT_MS)
      kept = { at: now, looking: lintTools().then((tools) => ({ tools, hashing, env, sqlParser })) };
    return kept.looking;
  };
  const docs = fileURLToPath(new URL('../docs', import.meta.url));
  serveEditor({ input: process.stdin, output: process.stdout, looking, docs, version, lang });
}
