// `belay lock`: writes belay.lock, which a review compares: a step that vanished from a runbook is a line that vanished from the file.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAndLint } from '../../config/lint.ts';
import { lockText } from '../../config/lock-file.ts';
import { hasErrors } from '../../domain/diagnostic.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Run } from '../context.ts';

export const run: Run = async ({ out, configDir, wiring }) => {
  const loaded = loadAndLint(configDir, { ...(await wiring.lintTools()), env: wiring.env });
  if (hasErrors(loaded.diagnostics))
    throw new BelayError(
      'BELAY_CONFIG_INVALID',
      `The configuration in ${configDir} has errors: a lock of it would leave out what cannot be read.`,
      {
        hint: 'See them: belay lint',
      },
    );
  const runbooks = Object.values(loaded.runbooks).map((one) => one.runbook);
  const text = lockText(runbooks, await wiring.digest());
  const file = join(configDir, 'belay.lock');
  const changed = before(file) !== text;
  if (changed) writeFileSync(file, text);
  out.data({ ok: true, file, changed, runbooks: runbooks.length }, () => file);
  return undefined;
};

function before(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
