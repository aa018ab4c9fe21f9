// What only the file has: others who write it at the same time, its form and rights, damage, and a kill between file and memory.

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createFileWriter } from '../../../src/adapters/file-writer/index.ts';
import { createFlowFile } from '../../../src/adapters/flow-file/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Processes } from '../../../src/ports/process.ts';

const processes = createProcesses();
const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function fileWith(text: string) {
  const dir = mkdtempSync(join(tmpdir(), 'belay-flow-'));
  dirs.push(dir);
  const file = join(dir, 'flows.json');
  writeFileSync(file, text);
  const open = (locks: Processes['locks'] = processes.locks, options: Record<string, unknown> = {}) =>
    createFlowFile(
      { file: 'flows.json', values: ['stable', 'next'], ...options },
      { time: systemTime, processes: { ...processes, locks }, files: createFileWriter(), baseDir: dir },
    );
  const text2 = () => readFileSync(file, 'utf8');
  return { dir, file, open, read: text2, flows: () => JSON.parse(text2()) as Record<string, unknown> };
}

const order = (expected: string, key = 'k') => ({ expected, key, reason: 'INC-1' });
const NEXT = '{\n    "zeta": "next",\n    "acme": "next",\n    "note": {"kept": [1, 2]}\n}\n';

describe('the file', () => {
  it('keeps its order, its indent, its rights and everything that is not about the organization', async () => {
    const { open, file, read } = fileWith(NEXT);
    chmodSync(file, 0o640);
    const flow = open();
    await flow.set('acme', 'stable', order((await flow.get('acme')).fingerprint));
    expect(read()).toBe(
      '{\n    "zeta": "next",\n    "acme": "stable",\n    "note": {\n        "kept": [\n            1,\n            2\n        ]\n    }\n}\n',
    );
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it('may be a link: what it points to is changed', async () => {
    const { dir, file, open, flows } = fileWith(NEXT);
    renameSync(file, join(dir, 'real.json'));
    symlinkSync('real.json', file);
    const flow = open();
    await flow.set('acme', 'stable', order((await flow.get('acme')).fingerprint));
    expect(flows()['acme']).toBe('stable');
    expect(JSON.parse(readFileSync(join(dir, 'real.json'), 'utf8'))).toMatchObject({ acme: 'stable', zeta: 'next' });
  });

  it('need not name an organization: it then uses the first flow, or the one that is the default', async () => {
    const { open, flows } = fileWith('{}');
    expect(await open().get('new')).toMatchObject({ value: 'stable', previous: null });
    expect(await open(processes.locks, { default: 'next' }).get('other')).toMatchObject({ value: 'next' });
    const flow = open();
    await flow.set('new', 'next', order((await flow.get('new')).fingerprint));
    expect(flows()).toEqual({ new: 'next' });
  });

  it.each([
    ['is not JSON', '{ "acme": '],
    ['is a list', '[]'],
  ])('that %s makes the switch unreachable and is left as it is', async (_what, text) => {
    const { open, read } = fileWith(text);
    await expect(open().get('acme')).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' });
    await expect(open().set('acme', 'stable', order('stable#0'))).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
      effect: 'none',
    });
    expect(read()).toBe(text);
  });

  it('that is missing is said so, with a hint', async () => {
    const { open, file } = fileWith('{}');
    rmSync(file);
    await expect(open().get('acme')).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', hint: expect.stringContaining('file') });
  });
});

describe('others who write without the lock', () => {
  /** Somebody writes at the last moment that can still be seen: right after the lock was proven. */
  const writingOnce = (write: () => void): Processes['locks'] => {
    let left = 1;
    return {
      hold: (path, o, work) =>
        processes.locks.hold(path, o, (lock) =>
          work({
            assertHeld: async () => {
              await lock.assertHeld();
              if (left > 0) write();
              left -= 1;
            },
          }),
        ),
    };
  };

  it('for another organization do not lose their change, nor stop ours', async () => {
    const { open, file, flows } = fileWith('{"acme":"next","globex":"next"}');
    const flow = open(writingOnce(() => writeFileSync(file, '{"acme":"next","globex":"stable","new":"next"}')));
    await flow.set('acme', 'stable', order((await flow.get('acme')).fingerprint));
    expect(flows()).toEqual({ acme: 'stable', globex: 'stable', new: 'next' });
  });

  it('for the same organization are a conflict, and theirs stays', async () => {
    const { open, file, flows } = fileWith('{"acme":"next"}');
    const flow = open(writingOnce(() => writeFileSync(file, '{"acme":"other"}')));
    const { fingerprint } = await flow.get('acme');
    await expect(flow.set('acme', 'stable', order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
    expect(flows()).toEqual({ acme: 'other' });
  });

  it('do not date the change of an organization that they did not touch', async () => {
    const { open, file } = fileWith('{"acme":"next","globex":"next"}');
    const old = new Date(Date.now() - 3_600_000);
    utimesSync(file, old, old);
    const first = await open().get('acme');
    expect(Math.abs(first.changedAt - old.getTime())).toBeLessThan(1_000);
    writeFileSync(file, '{"acme":"next","globex":"stable"}');
    expect(await open().get('acme')).toEqual(first);
    expect(Date.now() - (await open().get('globex')).changedAt).toBeLessThan(60_000);
  });
});

describe('a kill between the file and the memory of it', () => {
  const source = (path: string): string => JSON.stringify(join(import.meta.dirname, '../../../src/adapters', path));
  const CHILD = `
    import { syncBuiltinESMExports } from 'node:module';
    import fs from 'node:fs/promises';
    const { rename } = fs;
    fs.rename = async (from, to) => {
      await rename(from, to);
      if (to.endsWith('flows.json')) process.kill(process.pid, 'SIGKILL');
    };
    syncBuiltinESMExports();
    const [{ createFlowFile }, { createProcesses }, { systemTime }, { createFileWriter }] = await Promise.all([
      import(${source('flow-file/index.ts')}), import(${source('process/index.ts')}), import(${source('system/index.ts')}),
      import(${source('file-writer/index.ts')}),
    ]);
    const [dir, expected] = process.argv.slice(1);
    const files = createFileWriter();
    const flow = createFlowFile({ file: 'flows.json', values: ['stable', 'next'] }, { time: systemTime, processes: createProcesses(), files, baseDir: dir });
    await flow.set('acme', 'stable', { expected, key: 'k', reason: 'r' });
  `;

  it('is healed by the same order: the change is known as ours', async () => {
    const { dir, open, flows } = fileWith('{\n  "acme": "next",\n  "globex": "next"\n}\n');
    const { fingerprint } = await open().get('acme');
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', CHILD, dir, fingerprint], { encoding: 'utf8' });
    expect([child.signal, child.stderr]).toEqual(['SIGKILL', '']);
    expect(flows()).toEqual({ acme: 'stable', globex: 'next' });
    expect(JSON.parse(readFileSync(join(dir, 'flows.json.belay-memory'), 'utf8'))).toMatchObject({
      acme: { value: 'next', intent: { to: 'stable', key: 'k' } },
    });
    const flow = open();
    await flow.set('acme', 'stable', order(fingerprint));
    expect(await flow.get('acme')).toMatchObject({ value: 'stable', previous: 'next', fingerprint: 'stable#1' });
  });
});

describe('options that do not go together', () => {
  it('are refused before anything is touched', () => {
    const make = (values: readonly string[], more = {}) =>
      expect(() =>
        createFlowFile({ file: 'f', values, ...more }, { time: systemTime, processes, files: createFileWriter(), baseDir: '/' }),
      );
    make(['stable']).toThrow(/values: at least two/);
    make(['a', 'b'], { default: 'c' }).toThrow(/default: it must be one of a, b/);
  });
});
