// Programs from npm that tests run and the product never needs: installed once, into a folder of their own beside the unpacked packages,
// and never a dependency. It starts nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const PARTS = path.join(import.meta.dirname, '../../../.belay/parts');

export interface NpmPart {
  readonly name: string;
  /** With their versions. */
  readonly packages: readonly string[];
  /** A file of it: when it is there, all is. */
  readonly proof: string;
}

/** A file of a part. */
export const inPart = ({ name }: Pick<NpmPart, 'name'>, file: string): string => path.join(PARTS, name, file);

/** Installs it once. Null when it is there, else why it cannot be had. */
export function whyNoPart(part: NpmPart): string | null {
  const [folder, proof] = [inPart(part, ''), inPart(part, part.proof)];
  if (existsSync(proof)) return null;
  mkdirSync(folder, { recursive: true });
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--prefix', folder];
  const install = spawnSync('npm', ['install', ...flags, ...part.packages], { cwd: folder, encoding: 'utf8', timeout: 180_000 });
  if (install.status === 0 && existsSync(proof)) return null;
  return `${part.packages.join(' ')} could not be installed: ${install.stderr?.split('\n')[0] ?? 'npm did not run'}`;
}
