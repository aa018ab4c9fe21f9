// What a person writes for a release: its name, a version, or the beginning of a commit. One release is meant or none: whoever is not
// certain is shown the nearest. It asks no target.
import { BelayError } from './errors.ts';
import { labelText } from './received.ts';

export interface NamedRelease {
  readonly ref: string;
  readonly version: string;
  readonly commit?: string;
}

/** Fewer characters of a commit are a guess. */
const SHORTEST_HASH = 4;
const MOST_NEAREST = 3;
const LONGEST_SHOWN = 64;

/**
 * `releases`: newest first.
 * @throws BELAY_NOT_FOUND when it is none, BELAY_INPUT_INVALID when it is more than one
 */
export function releaseNamed(written: string, releases: readonly NamedRelease[]): string {
  const exact = releases.find((one) => one.ref === written) ?? releases.find((one) => one.version === written);
  if (exact !== undefined) return exact.ref;
  const hash = written.toLowerCase();
  const meant = isHash(hash) ? releases.filter((one) => isOf(hash, one.commit)) : [];
  const [only, ...more] = meant;
  if (only !== undefined && more.length === 0) return only.ref;
  const shown = meant.length > 0 ? meant : nearest(hash, releases);
  const said = shown.slice(0, MOST_NEAREST).map(inWords).join(', ');
  const what = JSON.stringify(labelText(written, LONGEST_SHOWN));
  const why = meant.length > 0 ? `${what} is more than one release: ${said}` : `${what} is no release; ${nearestSaid(said)}`;
  throw new BelayError(meant.length > 0 ? 'BELAY_INPUT_INVALID' : 'BELAY_NOT_FOUND', why, {
    hint: 'Write the name of one of them, or more characters of the commit.',
  });
}

const nearestSaid = (said: string): string => (said === '' ? 'there is none' : `the nearest: ${said}`);

const isHash = (text: string): boolean => text.length >= SHORTEST_HASH && /^[0-9a-f]+$/.test(text);

/** Targets may know a commit by its beginning only. */
function isOf(hash: string, commit: string | undefined): boolean {
  if (commit === undefined || commit.length < SHORTEST_HASH) return false;
  return commit.startsWith(hash) || hash.startsWith(commit);
}

/** Those whose commit begins alike; among equals the newest. */
function nearest(hash: string, releases: readonly NamedRelease[]): readonly NamedRelease[] {
  return releases.toSorted((a, b) => alike(hash, b.commit ?? '') - alike(hash, a.commit ?? ''));
}

function alike(one: string, other: string): number {
  let count = 0;
  while (count < one.length && one[count] === other[count]) count += 1;
  return count;
}

function inWords({ ref, version, commit }: NamedRelease): string {
  const more = [version, commit === undefined ? '' : `commit ${commit.slice(0, 12)}`].filter((one) => one !== '' && one !== ref);
  return more.length === 0 ? ref : `${ref} (${more.join(', ')})`;
}
