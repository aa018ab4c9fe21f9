// A file of settings with a service behind it: its rights stay, the service is told, and a kill between writing and telling is made good.
import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { chown, open } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFileWriter } from '../../../src/adapters/file-writer/index.ts';
import { createSettingsFile } from '../../../src/adapters/settings-file/index.ts';
import type { ConfigSpec } from '../../../src/domain/setting-catalog.ts';
import { depsIn, folderWith } from './world.ts';

const order = (expected: string) => ({ expected, key: 'run/set#1:act', reason: 'INC-1' });

function envFile(text: string, more: Partial<ConfigSpec> = {}) {
  const folder = folderWith('.env', text);
  onTestFinished(folder.close);
  const spec = { id: 'crm', driver: 'env-file', file: '.env', quoting: 'shell', ...more } as ConfigSpec;
  return { ...folder, open: () => createSettingsFile(spec, depsIn(folder.dir)) };
}

describe('a file of settings', () => {
  it('keeps the rights of the file, and a link that leads to it', async () => {
    const { dir, file, open } = envFile('A=1\n', { file: 'link.env' } as Partial<ConfigSpec>);
    chmodSync(file, 0o640);
    symlinkSync('.env', path.join(dir, 'link.env'));
    const store = open();
    await store.set({ A: '2' }, order((await store.get(['A'])).fingerprint));
    expect(readFileSync(file, 'utf8')).toBe('A=2\n');
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(lstatSync(path.join(dir, 'link.env')).isSymbolicLink()).toBe(true);
  });

  it('tells the service once for each change, and not for what is so already', async () => {
    const { dir, open } = envFile('A=1\n', { reload: ['sh', '-c', 'cat .env >> loaded'] } as Partial<ConfigSpec>);
    const store = open();
    expect(store.notes).toEqual([]);
    const { fingerprint } = await store.get(['A']);
    await store.set({ A: '2' }, order(fingerprint));
    await store.set({ A: '2' }, order(fingerprint));
    expect(readFileSync(path.join(dir, 'loaded'), 'utf8')).toBe('A=2\n');
    expect(await store.get(['A'])).toEqual({ values: { A: '2' }, fingerprint: expect.not.stringContaining(fingerprint) });
  });

  it('is not as wanted while the service has not read it, and telling it again is enough', async () => {
    const { dir, file, open } = envFile('A=1\n', { reload: ['sh', '-c', 'test -e up && cat .env >> loaded'] } as Partial<ConfigSpec>);
    const store = open();
    const { fingerprint } = await store.get(['A']);
    await expect(store.set({ A: '2' }, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect: 'unknown' });
    // As after a kill: another life looks at the same files.
    const later = open();
    expect(await later.get(['A'])).toEqual({ values: { A: '2' }, fingerprint, pending: expect.stringMatching(/not read/) });
    writeFileSync(path.join(dir, 'up'), '');
    await later.set({ A: '2' }, order(fingerprint));
    expect(readFileSync(path.join(dir, 'loaded'), 'utf8')).toBe('A=2\n');
    expect(await later.get(['A'])).not.toHaveProperty('pending');
    expect([readFileSync(file, 'utf8'), existsSync(`${file}.belay-pending`)]).toEqual(['A=2\n', false]);
  });

  it('that is set and read is never told as unchanged, although the note beside it cannot be removed', async () => {
    const { dir, file, open: opened } = envFile('A=1\n', { reload: ['sh', '-c', 'cat .env >> loaded'] } as Partial<ConfigSpec>);
    const { fingerprint } = await opened().get(['A']);
    // The folder can be read no more once the note is to go: the disk of it is asked for the third time then.
    let folders = 0;
    const failing = (async (name, ...how) => {
      folders += name === dir ? 1 : 0;
      if (folders === 3) throw Object.assign(new Error('an I/O error'), { code: 'EIO' });
      return open(name, ...how);
    }) as typeof open;
    const files = createFileWriter({ chown, open: failing });
    const spec = {
      id: 'crm',
      driver: 'env-file',
      file: '.env',
      quoting: 'shell',
      reload: ['sh', '-c', 'cat .env >> loaded'],
    } as ConfigSpec;
    const store = createSettingsFile(spec as never, { ...depsIn(dir), files });
    await expect(store.set({ A: '2' }, order(fingerprint))).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
      effect: 'unknown',
      message: expect.stringContaining('is written and the service was told to read it, but'),
    });
    expect([readFileSync(file, 'utf8'), readFileSync(path.join(dir, 'loaded'), 'utf8')]).toEqual(['A=2\n', 'A=2\n']);
    // Whoever looks again finds it unread, and telling the service once more is all that is left to do.
    const again = opened();
    expect(await again.get(['A'])).toMatchObject({ fingerprint, pending: expect.stringMatching(/not read/) });
    await again.set({ A: '2' }, order(fingerprint));
    expect(await again.get(['A'])).not.toHaveProperty('pending');
  });

  it('takes what somebody else writes over an unread change for what it is', async () => {
    const { save, open } = envFile('A=1\n', { reload: ['false'] } as Partial<ConfigSpec>);
    const store = open();
    const { fingerprint } = await store.get(['A']);
    await expect(store.set({ A: '2' }, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED' });
    save('A=3\n');
    const view = await store.get(['A']);
    expect(view).toMatchObject({ values: { A: '3' } });
    expect(view.fingerprint).not.toBe(fingerprint);
    await expect(store.set({ A: '2' }, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT' });
  });

  it('says what is in its way: a file that is not there, that is too large, or that cannot be read for certain', async () => {
    const { save, open } = envFile('A="open\n');
    const told = (code: string, message: RegExp) => ({
      code,
      effect: 'none',
      message: expect.stringMatching(message),
      hint: expect.any(String),
    });
    await expect(open().get(['A'])).rejects.toMatchObject(told('BELAY_TARGET_UNREACHABLE', /line 1: the quote of A is not closed/));
    save(`A=${'x'.repeat(1024 * 1024)}\n`);
    await expect(open().get(['A'])).rejects.toMatchObject(told('BELAY_TARGET_UNREACHABLE', /larger than 1048576 bytes/));
    const { open: absent } = envFile('A=1\n', { file: 'nowhere.env' } as Partial<ConfigSpec>);
    await expect(absent().get(['A'])).rejects.toMatchObject(told('BELAY_TARGET_UNREACHABLE', /ENOENT/));
    expect(() => open().held('A', 'two\nlines')).toThrow(/more than one line/);
  });

  it.each([
    [{ reload: ['x'], pidFile: 'x.pid' }, /either a program or a pid file/],
    [{ signal: 'SIGHUP' }, /say to whom with pidFile/],
    [{ pidFile: 'x.pid', signal: 'hup' }, /write its name/],
  ])('does not take options that mean nothing: %j', (more, why) => {
    expect(() => envFile('A=1\n', more as Partial<ConfigSpec>).open()).toThrow(why);
  });
});
