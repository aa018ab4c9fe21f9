import { describe, expect, test } from 'vitest';
import { lostLines } from '../../../src/config/import/import-runbook.ts';
import { compileRunbook } from '../../../src/config/runbook.ts';
import { hasErrors } from '../../../src/domain/diagnostic.ts';
import { stepsOf } from '../../../src/domain/ir.ts';
import { lintFolder, workspace } from '../workspace.ts';
import { DOCUMENTS, documentOf, imported, isAction } from './documents.ts';

const LEAST = 0.9;

describe.each(DOCUMENTS)('the document %s', (name) => {
  const { text, asked } = documentOf(name);
  const runbook = imported(text, name);

  test('at least nine of ten things to do are found, and nine of ten that are found are things to do', () => {
    const actions = runbook.found.filter(isAction);
    const lines = new Set(actions.map((one) => one.line));
    const wanted = new Set([...asked.values()].flat().filter((id) => id.includes('-ST-')));
    const found = new Set([...asked].filter(([line]) => lines.has(line)).flatMap(([, ids]) => ids));
    const missed = [...wanted].filter((id) => !found.has(id));
    const odd = actions.filter((one) => !asked.has(one.line)).map((one) => `${one.line} ${one.kind} ${one.text}`);
    expect.soft(1 - missed.length / wanted.size, `missed: ${missed.join(', ')}`).toBeGreaterThanOrEqual(LEAST);
    expect.soft(1 - odd.length / actions.length, `odd: ${odd.join('\n')}`).toBeGreaterThanOrEqual(LEAST);
  });

  test('the written file is a runbook without errors, alone and in a folder, and keeps every line', () => {
    const compiled = compileRunbook(runbook.markdown, `${name}.runbook.md`);
    expect(compiled.diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
    expect(stepsOf(compiled.runbook ?? { phases: [] }).length).toBe(runbook.steps);
    expect(lostLines(text, runbook.markdown)).toEqual([]);
    const loaded = lintFolder(workspace({ [`runbooks/${name}.runbook.md`]: runbook.markdown }));
    const mine = loaded.diagnostics.filter((one) => one.file.endsWith(`${name}.runbook.md`));
    expect(hasErrors(mine), JSON.stringify(mine.filter((one) => one.severity === 'error'))).toBe(false);
    expect(Object.keys(loaded.runbooks)).toContain(name);
  });
});
