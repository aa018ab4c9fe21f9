// Owns the parts of the heavy lane: what each is, what it costs once, and where it is kept outside of every clone. Refuses to build or start one.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Whoever wants the heavy lane says so in the environment. */
export const HEAVY_SWITCH = 'BELAY_TEST_HEAVY';

export interface HeavyPart {
  readonly name: 'n8n' | 'Kubernetes';
  readonly version: string;
  /** Paid once a machine. */
  readonly costs: string;
  /** Files below its folder, of which the last appears when it is complete. */
  readonly proof: readonly string[];
}

export const N8N: HeavyPart = {
  name: 'n8n',
  version: '1.123.81',
  costs: '1.8 GB and some minutes of npm',
  proof: ['node_modules/n8n/bin/n8n', 'node_modules/sqlite3/build/Release/node_sqlite3.node'],
};
export const KUBERNETES: HeavyPart = {
  name: 'Kubernetes',
  version: '1.20.2',
  costs: '1 GB (2.4 GB meanwhile) and up to an hour of building from its Debian source package',
  proof: ['tools/usr/bin/etcd', 'bin/kube-apiserver', 'bin/kube-controller-manager'],
};
export const HEAVY_PARTS: readonly HeavyPart[] = [N8N, KUBERNETES];

export const isHeavyAsked = (): boolean => process.env[HEAVY_SWITCH] === '1';

export function folderOf({ name, version }: HeavyPart): string {
  const cache = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  return path.join(cache, 'belay', 'parts', `${name.toLowerCase()}-${version}`);
}

export const isBuilt = (part: HeavyPart): boolean => part.proof.every((one) => existsSync(path.join(folderOf(part), one)));

/** Of a part whose tests do not run. */
export const skipLineOf = ({ name, version }: HeavyPart, why: string): string => `SKIPPED: ${name} ${version}, ${why}`;

/** Why its tests do not run; null where they do. */
export function whyNotHeavy(part: HeavyPart): string | null {
  if (!isHeavyAsked()) return notAsked(part);
  return isBuilt(part) ? null : `could not be built, for the reason told when npm test began; its folder is ${folderOf(part)}`;
}

export const notAsked = (part: HeavyPart): string =>
  `wants ${HEAVY_SWITCH}=1${isBuilt(part) ? '' : ` (once: ${part.costs})`}, and was not asked for: ${HEAVY_SWITCH}=1 npm test -- --lane heavy`;
