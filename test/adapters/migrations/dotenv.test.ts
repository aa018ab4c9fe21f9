// Which files of variables keep a program from being tried on a copy, in real folders.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createArtefact } from '../../../src/adapters/migrations/artefact.ts';
import { demandNoDotEnv } from '../../../src/adapters/migrations/dotenv.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'belay-dotenv-'));
  mkdirSync(path.join(root, 'real/r42/db/migrations'), { recursive: true });
  mkdirSync(path.join(root, 'releases'));
  symlinkSync('../real/r42', path.join(root, 'releases/r42'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const SPEC = { id: 'crm', command: ['node_modules/.bin/knex', '--knexfile=db/knexfile.js'], migrations: 'db/migrations' };
const asked = (more: { readonly dotenv?: 'allowed' } = {}) =>
  demandNoDotEnv({ ...SPEC, ...more }, createArtefact({ id: 'crm', artefact: 'releases/{release}', baseDir: root }), 'r42').then(
    () => null,
    (error: Error) => /may load (.*), which may/.exec(error.message)?.[1] ?? error.message,
  );
const write = (name: string): void => writeFileSync(path.join(root, name), 'A=b\n');

describe('files of variables beside a release', () => {
  it.each([
    ['in it', 'real/r42/.env', '.env'],
    ['in it, of one surrounding', 'real/r42/.env.production', '.env.production'],
    ['beside the configuration that the command names', 'real/r42/db/.env', 'db/.env'],
    ['above it by the name that belay.yaml has', 'releases/.env.local', '../.env.local'],
    ['above it where it really is', 'real/.env', '../../real/.env'],
    ['above all releases', '.env', '../../.env'],
  ])('are found %s', async (_where, file, told) => {
    expect(await asked()).toBe(null);
    write(file);
    expect(await asked()).toBe(told);
    expect(await asked({ dotenv: 'allowed' })).toBe(null);
  });

  it('are found by a link, and are neither examples, folders, settings of a shell nor links that lead nowhere', async () => {
    for (const name of ['.env.example', '.env.sample', '.envrc', 'production.env']) write(`real/r42/${name}`);
    mkdirSync(path.join(root, 'real/r42/.env'));
    symlinkSync('../gone', path.join(root, 'real/r42/.env.old'));
    expect(await asked()).toBe(null);
    write('shared.env');
    symlinkSync('../../shared.env', path.join(root, 'real/r42/.env.live'));
    expect(await asked()).toBe('.env.live');
  });
});
