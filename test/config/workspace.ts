// Folders of configuration for tests: a fixture with some files changed, read and linted with the real expressions and templates.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { loadAndLint } from '../../src/config/lint.ts';
import type { LintTools } from '../../src/config/lint-types.ts';
import type { LoadedSystem } from '../../src/config/load.ts';
import { lintTools } from '../../src/local.ts';

export const TOOLS: LintTools = { ...(await lintTools()), today: '2026-03-01' };
export const ENV = { SHOP_URL: 'http://127.0.0.1:8080', DB_URL: 'postgres://belay@127.0.0.1/crm' };
export const FIXTURES = path.join(import.meta.dirname, 'fixtures');
export const BASE = path.join(FIXTURES, 'base');
export const BASE_RUNBOOK = 'runbooks/base.runbook.md';

export function fixture(name: string): string {
  return readFileSync(path.join(FIXTURES, name), 'utf8');
}

/** A copy of the base fixture, for the test that asks; `null` leaves a file out. */
export function workspace(changes: Readonly<Record<string, string | null>> = {}): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(BASE, folder, { recursive: true });
  for (const [name, text] of Object.entries(changes)) {
    const file = path.join(folder, name);
    if (text === null) rmSync(file);
    else {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
  return folder;
}

export function lintFolder(folder: string, tools: Partial<LintTools> = {}): LoadedSystem {
  return loadAndLint(folder, { ...TOOLS, ...tools, env: ENV });
}

/** `file:line rule`, and the severity of what is no error. */
export function told(loaded: Pick<LoadedSystem, 'diagnostics'>): readonly string[] {
  return loaded.diagnostics.map(
    (one) => `${path.basename(one.file)}:${one.line} ${one.rule}${one.severity === 'error' ? '' : ` (${one.severity})`}`,
  );
}

/** The line, from 1, on which `text` first stands. */
export function lineOf(whole: string, text: string): number {
  const at = whole.indexOf(text);
  if (at === -1) throw new Error(`the fixture has no ${text}`);
  return whole.slice(0, at).split('\n').length;
}
