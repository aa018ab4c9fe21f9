// Findings as SARIF: the members that the standard and GitHub demand, held by a closed description of our own, and texts of strangers.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MOST_FINDINGS, sarifOf } from '../../src/config/sarif.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { type Schema, wrongWith } from '../world/vendors/description.ts';

const text: Schema = { type: ['string'] };
const count: Schema = { type: ['integer'] };
const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  ...{ type: ['object'], closed: true, properties, required: Object.keys(properties) },
});
const list = (items: Schema): Schema => ({ type: ['array'], items });
const SARIF = object({
  $schema: text,
  version: { type: ['string'], enum: ['2.1.0'] },
  runs: list(
    object({
      tool: object({
        driver: object({
          name: text,
          semanticVersion: { type: ['string'], pattern: '^\\d+\\.\\d+\\.\\d+' },
          rules: list(object({ id: text, shortDescription: object({ text }), fullDescription: object({ text }), help: object({ text }) })),
        }),
      }),
      columnKind: { type: ['string'], enum: ['utf16CodeUnits'] },
      results: list(
        object({
          ruleId: text,
          ruleIndex: count,
          level: { type: ['string'], enum: ['error', 'warning'] },
          message: object({ text }),
          locations: list(
            object({
              physicalLocation: object({
                artifactLocation: object({ uri: { type: ['string'], pattern: "^[A-Za-z0-9._~%/:!*'()-]+$" } }),
                region: object({ startLine: count, startColumn: count, endLine: count, endColumn: count }),
              }),
            }),
          ),
        }),
      ),
    }),
  ),
});

const finding = (more: Partial<Diagnostic> = {}): Diagnostic => ({
  ...{ rule: 'undo-missing', severity: 'error', message: 'the step has no undo', file: 'runbooks/a.md', line: 3, column: 2, length: 4 },
  ...more,
});

describe('findings as SARIF', () => {
  test('have each member that is demanded, and name each rule once', () => {
    const log = sarifOf([finding({ hint: 'add undo:' }), finding({ line: 9, severity: 'warning' }), finding({ rule: 'a-rule' })], '1.2.3');
    expect(wrongWith(SARIF, log, 'log')).toEqual([]);
    const [run] = log.runs;
    expect(run.tool.driver.rules.map((one) => [one.id, one.shortDescription.text])).toEqual([
      ['a-rule', 'A rule'],
      ['undo-missing', 'Undo missing'],
    ]);
    expect(run.results.map((one) => [one.ruleId, one.ruleIndex, one.level, one.message.text])).toEqual([
      ['undo-missing', 1, 'error', 'the step has no undo\nHint: add undo:'],
      ['undo-missing', 1, 'warning', 'the step has no undo'],
      ['a-rule', 0, 'error', 'the step has no undo'],
    ]);
    expect(run.results[0]?.locations[0]?.physicalLocation).toEqual({
      artifactLocation: { uri: 'runbooks/a.md' },
      region: { startLine: 3, startColumn: 2, endLine: 3, endColumn: 6 },
    });
  });

  test('name files as addresses, whatever they are called', () => {
    const uriOf = (file: string) =>
      sarifOf([finding({ file })], '1.0.0').runs[0].results[0]?.locations[0]?.physicalLocation.artifactLocation.uri;
    expect(['runbooks/ação #1.md', '/srv/a b.md', 'a\\b.md'].map(uriOf)).toEqual([
      'runbooks/a%C3%A7%C3%A3o%20%231.md',
      'file:///srv/a%20b.md',
      'a/b.md',
    ]);
  });

  test('of strangers steer no screen, become no link and stay within bounds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 40 }), (message, hint) => {
        const log = sarifOf([finding({ message: `${message}[here](http://evil)\u001b[2J\u202e`, hint })], '1.0.0');
        expect(wrongWith(SARIF, log, 'log')).toEqual([]);
        const said = log.runs[0].results[0]?.message.text ?? '';
        expect(said.replaceAll('\n', '')).not.toMatch(/\]\(|[\p{Cc}\u202e]/u);
      }),
      { numRuns: 300 },
    );
    const many = sarifOf(
      Array.from({ length: MOST_FINDINGS + 1 }, (_, n) => finding({ line: n + 1, message: 'x'.repeat(3_000) })),
      '1.0.0',
    );
    expect([many.runs[0].results.length, many.runs[0].results[0]?.message.text.length]).toEqual([MOST_FINDINGS, 2_000]);
  });
});
