// The journal on real files: its contract, torn tails, tampering, months, full disks, other readers and a killed writer.
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { JournalFile } from '../../../src/adapters/journal-file/index.ts';
import { openJournalFile, readJournalFile } from '../../../src/adapters/journal-file/index.ts';
import { createDigest, systemTime } from '../../../src/adapters/system/index.ts';
import { draftOf, journalContract } from '../../contracts/journal.ts';

const deps = { digest: createDigest('key'), time: systemTime };
const MARCH = 'journal-2025-03.ndjson';

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'belay-journal-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function opened(dir: string): Promise<JournalFile> {
  const journal = await openJournalFile({ dir }, deps);
  onTestFinished(() => journal.close());
  return journal;
}

function broken(file: string, from: string, to: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
}

/** Three lines on disk, the writer gone. */
async function written(dir = tempDir()): Promise<{ readonly dir: string; readonly file: string }> {
  const journal = await openJournalFile({ dir }, deps);
  for (const key of ['a', 'b', 'c']) await journal.append(draftOf(key));
  await journal.close();
  return { dir, file: join(dir, MARCH) };
}

describe('the contract on files', () => {
  journalContract(async () => {
    const dir = join(tempDir(), 'deep', 'journal');
    let journal = await openJournalFile({ dir }, deps);
    onTestFinished(() => journal.close());
    return {
      journal,
      reopen: async () => {
        await journal.close();
        journal = await openJournalFile({ dir }, deps);
        return journal;
      },
    };
  });
});

describe('files', () => {
  test('one file a month, private, chained over the months', async () => {
    const dir = tempDir();
    const journal = await opened(dir);
    await journal.append(draftOf('a'));
    await journal.append(draftOf('b', { at: Date.parse('2025-04-01T00:00:00Z') }));
    await journal.append(draftOf('c', { at: Date.parse('2025-03-31T23:59:59Z') }));
    expect(readdirSync(dir).filter((name) => name.endsWith('.ndjson'))).toEqual([MARCH, 'journal-2025-04.ndjson']);
    expect(statSync(join(dir, MARCH)).mode & 0o777).toBe(0o600);
    expect((await journal.all()).map((line) => line.key)).toEqual(['a', 'b', 'c']);
  });

  test('keeps a bounded number of lines in memory, and says of every key what the files hold, those that came while it wrote included', async () => {
    const dir = tempDir();
    const april = { at: Date.parse('2025-04-01T00:00:00Z') };
    let journal = await openJournalFile({ dir, mostLines: 4 }, deps);
    for (let round = 0; round < 3; round += 1)
      await Promise.all(Array.from({ length: 20 }, (_, index) => journal.append(draftOf(`key ${index}`, round === 2 ? april : {}))));
    const writing = journal.append(draftOf('key 3', april));
    const seen = await journal.ofKey('key 3');
    await writing;
    expect([3, 4]).toContain(seen.length);
    for (const life of ['this', 'next']) {
      const all = await journal.all();
      for (const key of [...Array.from({ length: 20 }, (_, index) => `key ${index}`), 'key 33', 'none'])
        expect(await journal.ofKey(key), `${key} in ${life} life`).toEqual(all.filter((line) => line.key === key));
      expect(await journal.ofKey('key 3')).toHaveLength(4);
      await journal.close();
      if (life === 'this') journal = await openJournalFile({ dir, mostLines: 4 }, deps);
    }
  });

  test('a line that is changed behind a writer is not believed when it is read again', async () => {
    const dir = tempDir();
    const journal = await openJournalFile({ dir, mostLines: 1 }, deps);
    onTestFinished(() => journal.close());
    for (const key of ['a', 'b', 'c']) await journal.append(draftOf(key));
    const file = join(dir, MARCH);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"actor":"', '"actor":"x'));
    await expect(journal.ofKey('a')).rejects.toMatchObject({ code: 'BELAY_JOURNAL_TAMPERED' });
  });

  test.each([
    ['is gone', (file: string) => rmSync(file), 'BELAY_AUDIT_UNAVAILABLE'],
    ['is a directory', (file: string) => (rmSync(file), mkdirSync(file)), 'BELAY_AUDIT_UNAVAILABLE'],
    ['is a loop of links', (file: string) => (rmSync(file), symlinkSync(file, file)), 'BELAY_AUDIT_UNAVAILABLE'],
    ['is cut off', (file: string) => truncateSync(file, 100), 'BELAY_JOURNAL_TAMPERED'],
    ['has a broken line', (file: string) => broken(file, '"kind":', '"kind";'), 'BELAY_JOURNAL_TAMPERED'],
  ] as const)('a month that %s behind the writer is told, and never read as an act that was not begun', async (_what, harm, code) => {
    const dir = tempDir();
    const journal = await openJournalFile({ dir, mostLines: 1 }, deps);
    onTestFinished(() => journal.close());
    const april = { at: Date.parse('2025-04-01T00:00:00Z') };
    for (const key of ['a', 'b']) await journal.append(draftOf(key));
    for (const key of ['c', 'd', 'e']) await journal.append(draftOf(key, april));
    expect(await journal.ofKey('a')).toHaveLength(1);
    expect(await journal.ofKey('c')).toHaveLength(1);
    for (const [key, month] of [
      ['c', 'journal-2025-04.ndjson'],
      ['a', MARCH],
    ] as const) {
      harm(join(dir, month));
      await expect(journal.ofKey(key), month).rejects.toMatchObject({ code });
    }
  });

  test('a line that is longer than what is read at once, and one whose letters lie on that border, are found again', async () => {
    const dir = tempDir();
    const journal = await openJournalFile({ dir, mostLines: 1 }, deps);
    onTestFinished(() => journal.close());
    for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) await journal.append(draftOf(key, { note: 'é'.repeat(50_000 + index) }));
    for (const key of ['a', 'b', 'c'])
      expect(await journal.ofKey(key)).toMatchObject([{ key, note: expect.stringMatching(/^é{50000,}$/) as unknown }]);
  });

  test('a torn last line is cut, and the next life says so in the journal', async () => {
    const { dir, file } = await written();
    const whole = readFileSync(file, 'utf8');
    appendFileSync(file, whole.slice(0, 100));
    const journal = await opened(dir);
    const lines = await journal.all();
    expect(lines.map((line) => line.key)).toEqual(['a', 'b', 'c', 'journal']);
    expect(lines[3]).toMatchObject({ kind: 'observed', seq: 4, note: expect.stringContaining('cut 100 bytes') as string });
  });

  test('a crash at any byte of an append leaves a journal that opens with every whole line', async () => {
    const { file } = await written();
    const whole = readFileSync(file);
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([index]) => index + 1);
    for (let bytes = 0; bytes <= whole.length; bytes += 37) {
      const dir = tempDir();
      writeFileSync(join(dir, MARCH), whole.subarray(0, bytes));
      const journal = await openJournalFile({ dir }, deps);
      const lines = (await journal.all()).filter((line) => line.key !== 'journal');
      expect(lines.length, `${bytes} bytes`).toBe(ends.filter((end) => end <= bytes).length);
      await journal.close();
    }
  });

  test('pages of zeros that never reached the disk are a torn tail too', async () => {
    const { dir, file } = await written();
    appendFileSync(file, Buffer.concat([Buffer.alloc(64), Buffer.from('\n{"v":1}\n')]));
    const journal = await opened(dir);
    expect((await journal.all()).slice(0, 3).map((line) => line.key)).toEqual(['a', 'b', 'c']);
  });

  test.each([
    ['a changed word in the middle', (text: string) => text.replace('"target":"web"', '"target":"wob"')],
    ['a line taken out of the middle', (text: string) => text.split('\n').toSpliced(1, 1).join('\n')],
    ['two lines exchanged', (text: string) => [text.split('\n')[1], text.split('\n')[0], text.split('\n')[2], ''].join('\n')],
    ['garbage in the middle', (text: string) => text.replace('\n', '\nxyz\n')],
    ['a last line whose hash does not match', (text: string) => text.replace(/"hash":"[0-9a-f]{4}(?=[^\n]*\n$)/, '"hash":"0000')],
  ])('%s is tampering: nobody may write on', async (_what, change) => {
    const { dir, file } = await written();
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, change(before));
    expect(readFileSync(file, 'utf8')).not.toBe(before);
    await expect(openJournalFile({ dir }, deps)).rejects.toMatchObject({ code: 'BELAY_JOURNAL_TAMPERED' });
    await expect(readJournalFile({ dir }, deps).all()).rejects.toMatchObject({ code: 'BELAY_JOURNAL_TAMPERED' });
    // And it did not leave its lock behind.
    writeFileSync(file, before);
    await (await openJournalFile({ dir }, deps)).close();
  });

  test('reading beside a writer cuts nothing, creates nothing and sees what is acknowledged', async () => {
    const { dir, file } = await written();
    appendFileSync(file, '{"half');
    const reader = readJournalFile({ dir }, deps);
    expect((await reader.all()).length).toBe(3);
    expect((await reader.head()).seq).toBe(3);
    expect(readFileSync(file, 'utf8').endsWith('{"half')).toBe(true);
    const nowhere = join(dir, 'nowhere');
    expect(await readJournalFile({ dir: nowhere }, deps).all()).toEqual([]);
    expect(readdirSync(dir)).toEqual([MARCH]);
  });
});

describe('failing closed', () => {
  test('a second writer is refused while the first lives', async () => {
    const dir = tempDir();
    await opened(dir);
    await expect(openJournalFile({ dir }, deps)).rejects.toMatchObject({ code: 'BELAY_STORE_LOCKED' });
  });

  test('a disk that cannot take the line refuses it and every one after it', async () => {
    const dir = tempDir();
    const journal = await opened(dir);
    symlinkSync('/dev/full', join(dir, MARCH));
    await expect(journal.append(draftOf('a'))).rejects.toMatchObject({ code: 'BELAY_AUDIT_UNAVAILABLE', effect: 'none' });
    await expect(journal.append(draftOf('b'))).rejects.toMatchObject({ code: 'BELAY_AUDIT_UNAVAILABLE' });
    expect(await journal.head()).toMatchObject({ seq: 0 });
    expect(await journal.ofKey('a')).toEqual([]);
  });

  test('a directory that is gone refuses the line', async () => {
    const dir = tempDir();
    const journal = await opened(dir);
    rmSync(dir, { recursive: true });
    await expect(journal.append(draftOf('a'))).rejects.toMatchObject({ code: 'BELAY_AUDIT_UNAVAILABLE' });
  });

  test('on a small disk it refuses when full, keeps its chain and goes on when there is space again', async ({ skip }) => {
    const dir = tempDir();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], { stdio: 'ignore' });
    } catch {
      skip('mounting a small disk needs rights that are missing here');
    }
    onTestFinished(() => void execFileSync('umount', ['-l', dir]));
    const journal = await opened(dir);
    writeFileSync(join(dir, 'ballast'), Buffer.alloc(40_000));
    let taken = 0;
    const fill = async (): Promise<void> => {
      for (;;) taken = (await journal.append(draftOf(`k${taken}`))).seq;
    };
    await expect(fill()).rejects.toMatchObject({ code: 'BELAY_AUDIT_UNAVAILABLE', hint: expect.stringContaining('Free space') as string });
    expect((await journal.all()).length).toBe(taken);
    rmSync(join(dir, 'ballast'));
    expect((await journal.append(draftOf('again'))).seq).toBe(taken + 1);
    expect((await journal.all()).length).toBe(taken + 1);
  });

  test('a writer killed while appending loses no acknowledged line and blocks nobody', async () => {
    const dir = tempDir();
    const script = `
      import { openJournalFile } from ${JSON.stringify(join(import.meta.dirname, '../../../src/adapters/journal-file/index.ts'))};
      import { createDigest, systemTime } from ${JSON.stringify(join(import.meta.dirname, '../../../src/adapters/system/index.ts'))};
      const journal = await openJournalFile({ dir: ${JSON.stringify(dir)} }, { digest: createDigest('key'), time: systemTime });
      const draft = ${JSON.stringify(draftOf('k'))};
      for (;;) for (const line of await Promise.all([1, 2, 3].map(() => journal.append(draft)))) process.stdout.write(line.seq + '\\n');`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let acknowledged = 0;
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        acknowledged = Number(chunk.toString().trim().split('\n').at(-1));
        if (acknowledged > 60) child.kill('SIGKILL');
      });
      child.on('close', () => resolve());
    });
    const journal = await opened(dir);
    const lines = await journal.all();
    expect(lines.length).toBeGreaterThanOrEqual(acknowledged);
    expect((await journal.append(draftOf('next'))).seq).toBe(lines.length + 1);
  });
});
