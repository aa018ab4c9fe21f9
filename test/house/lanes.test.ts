// The lanes: every test has exactly one, a missing part is said aloud, and what a run leaves behind is found and ended.
import { spawn } from 'node:child_process';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { HEAVY_SWITCH, KUBERNETES, N8N, whyNotHeavy } from '../../scripts/heavy-parts.ts';
import { prepare, readiness, skipLine, skipLines } from '../../scripts/lane-readiness.ts';
import { LANES, type Lane } from '../../scripts/lanes.ts';
import { endLeftovers, leftovers } from '../../scripts/leaks.ts';
import { LONGEST } from '../../scripts/longest-first.ts';
import { findPart } from '../../scripts/parts.ts';
import config from '../../vitest.config.ts';
import { files } from './source.ts';

const impossible: Lane = {
  name: 'web',
  proves: 'nothing',
  needs: [{ name: 'Part', commands: ['belay-no-such-program'], versionFlag: '--version', packages: ['belay-no-such-package'] }],
  timeoutMs: 1_000,
};

interface Project {
  readonly test: { readonly name: string; readonly include: readonly string[]; readonly exclude?: readonly string[] };
}
const projects = (config as { test: { projects: readonly Project[] } }).test.projects;
const claims = (patterns: readonly string[] | undefined, file: string): boolean =>
  (patterns ?? []).some((pattern) => file.startsWith(pattern.split('**')[0] ?? pattern));

describe('which lane a test belongs to', () => {
  test('every test file has exactly one lane', () => {
    const tests = files.filter((file) => file.startsWith('test/') && file.endsWith('.test.ts'));
    const owners = (file: string) =>
      projects.filter(({ test: project }) => claims(project.include, file) && !claims(project.exclude, file)).length;
    expect(tests.filter((file) => owners(file) !== 1)).toEqual([]);
  });

  test('what a lane runs beside its others are test files of its own, each named once', () => {
    for (const { name, waiting = [] } of LANES) {
      const project = projects.find((one) => one.test.name === name)?.test;
      expect(waiting.filter((file) => !files.includes(file) || !claims(project?.include, file))).toEqual([]);
      expect(waiting).toEqual([...new Set(waiting)]);
    }
  });

  test('what begins first is there', () => {
    expect(LONGEST.filter((file) => !files.includes(file))).toEqual([]);
  });

  test('every lane of the table has its project, and every project its lane', () => {
    expect(projects.map((project) => project.test.name)).toEqual(LANES.map((lane) => lane.name));
  });
});

describe('a lane that cannot run', () => {
  test('says what it wants and why it is not there', () => {
    const answer = readiness(impossible, 'this user is not root');
    expect(answer.on).toBe(false);
    if (answer.on) return;
    expect(skipLine(answer)).toBe('SKIPPED: lane web, wants Part (Debian: belay-no-such-package), this user is not root');
  });

  test('a part that is there is found with its version, one that is not is not', () => {
    const node = { name: 'Node', commands: ['belay-no-such-program', 'node'], versionFlag: '--version', packages: [] };
    expect(findPart(node)?.version).toMatch(/^\d+\.\d+/);
    expect(findPart({ ...node, commands: ['belay-no-such-program'] })).toBeNull();
  });

  test('a part that some of its tests only like switches no lane off', () => {
    const liking: Lane = { ...impossible, needs: [], likes: impossible.needs };
    expect(readiness(liking, '').on).toBe(true);
  });

  test('lanes whose parts are there are on without any installing', () => {
    expect(prepare([{ ...impossible, needs: [] }]).map((answer) => answer.on)).toEqual([true]);
  });
});

describe('a lane that costs much', () => {
  const costly: Lane = { ...impossible, needs: [], onDemand: [N8N, KUBERNETES] };
  afterEach(() => vi.unstubAllEnvs());

  test('waits until it is asked for, and says one line for each of its parts, with what to type', () => {
    vi.stubEnv(HEAVY_SWITCH, '');
    const [answer] = prepare([costly]);
    if (answer === undefined || answer.on) return expect.fail('it is on');
    const lines = skipLines(answer);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^SKIPPED: n8n 1\.123\.81, wants BELAY_TEST_HEAVY=1.*: BELAY_TEST_HEAVY=1 npm test -- --lane heavy$/);
    expect(whyNotHeavy(N8N)).toContain('was not asked for');
  });

  test('that is asked for is on, and a part that could not be built says where it should be', () => {
    vi.stubEnv(HEAVY_SWITCH, '1');
    vi.stubEnv('XDG_CACHE_HOME', '/nowhere');
    expect(readiness(costly, '').on).toBe(true);
    expect(whyNotHeavy(KUBERNETES)).toContain('/nowhere/belay/parts/kubernetes-1.20.2');
  });
});

describe.skipIf(process.platform !== 'linux')('what a run leaves behind', () => {
  test('is found by its mark, ended, and told; processes without the mark are left alone', async () => {
    const mark = `BELAY_TEST_RUN=leak-${process.pid}`;
    const idle = ['-e', 'setInterval(() => undefined, 1000)'];
    const marked = spawn(process.execPath, idle, { stdio: 'ignore', env: { BELAY_TEST_RUN: `leak-${process.pid}` } });
    const other = spawn(process.execPath, idle, { stdio: 'ignore', env: { BELAY_TEST_RUN: `other-${process.pid}` } });
    const ended = new Promise((resolve) => marked.once('exit', (_, signal) => resolve(signal)));
    try {
      await expect.poll(() => leftovers(mark).map((found) => found.pid)).toEqual([marked.pid]);
      expect((await endLeftovers(mark, 0)).map((found) => found.pid)).toEqual([marked.pid]);
      expect(await ended).toBe('SIGKILL');
      expect(other.exitCode).toBeNull();
    } finally {
      other.kill('SIGKILL');
      marked.kill('SIGKILL');
    }
  });
});
