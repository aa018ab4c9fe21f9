import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createArtefactFiles } from '../../../src/adapters/artefact-files/index.ts';

describe('artefacts as files', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'belay-artefacts-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('writes under incidents/<id> and reads back', async () => {
    const files = createArtefactFiles({ dir });
    const path = await files.write('INC-7', 'evidence.json', 'é');
    expect(path).toBe(join(dir, 'incidents', 'INC-7', 'evidence.json'));
    expect(await readFile(path, 'utf8')).toBe('é');
    expect(await files.read('INC-7', 'evidence.json')).toBe('é');
    expect(await files.read('INC-7', 'other.md')).toBe(null);
    expect(await files.read('INC-8', 'other.md')).toBe(null);
  });

  it('replaces a file whole and leaves nothing beside it', async () => {
    const files = createArtefactFiles({ dir });
    await Promise.all(Array.from({ length: 20 }, (_, index) => files.write('INC-7', 'a.md', `${index}`.repeat(100_000))));
    expect(await readdir(join(dir, 'incidents', 'INC-7'))).toEqual(['a.md']);
    const text = (await files.read('INC-7', 'a.md')) ?? '';
    expect(new Set(text.match(/^(\d+?)\1*$/)?.slice(1) ?? []).size).toBe(1);
  });

  it('never leaves its folder', async () => {
    const files = createArtefactFiles({ dir });
    for (const [incident, name] of [
      ['..', 'x'],
      ['INC-7', '../x'],
      ['INC-7', 'a/b'],
      ['', 'x'],
      ['INC-7', '.hidden'],
    ] as const) {
      await expect(files.write(incident, name, '')).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
    }
  });

  it('says which file cannot be written, and why', async () => {
    await writeFile(join(dir, 'incidents'), 'a file where the folder belongs');
    await expect(createArtefactFiles({ dir }).write('INC-7', 'a.md', 'x')).rejects.toMatchObject({
      code: 'BELAY_AUDIT_UNAVAILABLE',
      message: expect.stringContaining('a.md'),
    });
  });
});
