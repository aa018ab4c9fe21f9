// The counting of scripts/test-report.ts: a failure must never be counted away.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { closingLine, countLane, mergeReports, sum } from '../../scripts/test-report.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'belay-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function report(name: string, files: readonly { name?: string; status?: string; tests: readonly string[] }[]): string {
  const testResults = files.map((file) => ({
    name: file.name ?? 'a.test.ts',
    status: file.status ?? (file.tests.includes('failed') ? 'failed' : 'passed'),
    assertionResults: file.tests.map((status, at) => ({ status, fullName: `test ${at}` })),
  }));
  const file = path.join(folder, name);
  writeFileSync(file, JSON.stringify({ testResults }));
  return file;
}

describe('counting a lane', () => {
  test('counts passed, failed and every kind of not run', () => {
    const file = report('mixed.json', [{ tests: ['passed', 'passed', 'failed'] }, { tests: ['skipped', 'pending', 'todo'] }]);
    expect(countLane(file, 1).counts).toEqual({ passed: 2, failed: 1, skipped: 3 });
  });

  test('names each test that failed, with the first line of why', () => {
    const file = path.join(folder, 'named.json');
    const failed = { status: 'failed', fullName: 'a b c', failureMessages: ['Error: it is 3\n    at somewhere'] };
    writeFileSync(file, JSON.stringify({ testResults: [{ name: '/x/b.test.ts', status: 'failed', assertionResults: [failed] }] }));
    expect(countLane(file, 1).remarks).toEqual(['failed: b.test.ts > a b c: Error: it is 3']);
  });

  test('counts a file that could not be loaded as a failure', () => {
    const { counts, remarks } = countLane(report('broken.json', [{ name: 'b.test.ts', status: 'failed', tests: [] }]), 1);
    expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(remarks).toEqual(['b.test.ts could not be loaded or cleaned up']);
  });

  test('counts a runner that failed beside its tests as a failure', () => {
    expect(countLane(report('unhandled.json', [{ tests: ['passed'] }]), 1).counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  test('counts a runner that died without a report as a failure', () => {
    expect(countLane(path.join(folder, 'absent.json'), null).counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe('closing a run', () => {
  test('the closing line is the plain one that build systems read', () => {
    const counts = [
      { passed: 3, failed: 1, skipped: 0 },
      { passed: 4, failed: 0, skipped: 2 },
    ];
    expect(closingLine(sum(counts))).toBe('7 passed, 1 failed, 2 skipped');
  });

  test('the merged report holds the files of every lane that wrote one', () => {
    const into = path.join(folder, 'merged.json');
    mergeReports(
      [
        report('one.json', [{ name: '1.test.ts', tests: ['passed'] }]),
        path.join(folder, 'absent.json'),
        report('two.json', [{ name: '2.test.ts', tests: [] }]),
      ],
      into,
    );
    const merged = JSON.parse(readFileSync(into, 'utf8')) as { testResults: { name: string }[] };
    expect(merged.testResults.map((file) => file.name)).toEqual(['1.test.ts', '2.test.ts']);
  });
});
