// Owns what npm leaves out of package-lock.json when the registry in use lacks packages of other platforms: without their entries `npm ci`
// refuses everywhere. An entry made here has no hash, is optional and names its platform, so npm fetches it only where it is meant.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface Entry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}
export interface Lock {
  packages: Record<string, Entry>;
}

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32', 'windows', 'wasm32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'];

/** Names of optional dependencies without an entry, with the version that is asked for and whether only development needs them. */
export function missingEntries(lock: Lock): readonly { readonly name: string; readonly version: string; readonly dev: boolean }[] {
  return Object.values(lock.packages).flatMap((owner) =>
    Object.entries(owner.optionalDependencies ?? {})
      .filter(([name]) => lock.packages[`node_modules/${name}`] === undefined)
      .map(([name, version]) => ({ name, version, dev: owner.dev === true })),
  );
}

/** The platform that a package names itself after; null when its name says none. */
export function platformOf(name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> | null {
  const words = name.split('/').at(-1)?.split('-') ?? [];
  const os = words.find((word) => SYSTEMS.includes(word));
  const cpu = words.map((word) => (word === 'arm' || word.startsWith('armv') ? 'arm' : word)).find((word) => PROCESSORS.includes(word));
  if (os === undefined || cpu === undefined) return null;
  const libc = words.find((word) => /musl|gnu/.test(word));
  const named = libc === undefined || os !== 'linux' ? {} : { libc: [libc.startsWith('musl') ? 'musl' : 'glibc'] };
  return { os: [os === 'windows' ? 'win32' : os], cpu: [cpu], ...named };
}

/** Fills the holes in place and answers with what it could not place: a package whose name tells no platform. */
export function complete(lock: Lock): readonly string[] {
  const unplaced: string[] = [];
  for (const { name, version, dev } of missingEntries(lock)) {
    const platform = platformOf(name);
    if (platform === null) unplaced.push(name);
    else lock.packages[`node_modules/${name}`] = { version, ...platform, ...(dev ? { dev } : {}), optional: true };
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  return unplaced;
}

if (import.meta.main) {
  const file = path.join(path.dirname(import.meta.dirname), 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock;
  const holes = missingEntries(lock).length;
  const unplaced = complete(lock);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${holes - unplaced.length} entries added${unplaced.length === 0 ? '' : `; not placed: ${unplaced.join(', ')}`}`);
}
