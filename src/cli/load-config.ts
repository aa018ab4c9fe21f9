// Reads the user's configuration for a door: validated values, or every problem at once and a refusal.
import { readFileSync } from 'node:fs';
import { renderDiagnostics } from '../config/diagnostics.ts';
import { loadAndLint } from '../config/lint.ts';
import { isUsable } from '../config/load.ts';
import { BelayError } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';
import type { System } from '../domain/system.ts';
import type { PinnedRunbook } from '../flows/world.ts';
import type { Wiring } from './wiring.ts';

export interface LoadedConfig {
  readonly system: System;
  readonly runbooks: Readonly<Record<string, PinnedRunbook>>;
  readonly baseDir: string;
}

/** Warnings are said and do not block. @throws BELAY_CONFIG_INVALID after saying every error with its place. */
export async function loadConfig(
  dir: string,
  wiring: Pick<Wiring, 'env' | 'digest' | 'lintTools'>,
  say: (line: string) => void,
): Promise<LoadedConfig> {
  const loaded = loadAndLint(dir, { ...(await wiring.lintTools()), env: wiring.env });
  if (loaded.diagnostics.length > 0) say(renderDiagnostics(loaded.diagnostics, { linesOf }).trimEnd());
  if (!isUsable(loaded))
    throw new BelayError('BELAY_CONFIG_INVALID', `The configuration in ${dir} has errors.`, {
      hint: 'Mend what is listed above; check with: belay lint',
    });
  const digest = await wiring.digest();
  const pinned = Object.values(loaded.runbooks).map(
    ({ runbook }) => [runbook.id, { runbook, irHash: digest.of(runbook as unknown as Json) }] as const,
  );
  return { system: loaded.system, runbooks: Object.fromEntries(pinned), baseDir: loaded.baseDir };
}

function linesOf(file: string): readonly string[] | null {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    // The file itself is the problem that is being shown.
    return null;
  }
}
