// What Heroku's API answers, as changes and units. It trusts no field and sends nothing.
import { Unusable } from '../../domain/answer.ts';
import { fieldsIn, isFields, labelText, textIn } from '../../domain/received.ts';
import type { Change, Changes, Phase } from './history.ts';

export const MOST_RELEASES = 200;
const MOST_UNITS = 500;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const isUuid = (text: string): boolean => UUID.test(text);

/** Of one release; null when it brought no code: the first of an app, for example. @throws Unusable */
function changeIn(json: unknown): (Change & { readonly isCurrent: boolean }) | null {
  const { id, version, status, current, created_at: createdAt, eligible_for_rollback: eligible } = fieldsIn(json);
  const at = Date.parse(textIn(createdAt));
  if (!isUuid(textIn(id)) || typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1 || !Number.isFinite(at))
    throw new Unusable('releases: one has no id, version or date');
  const key = artefactIn(json);
  if (key === null) return null;
  // Where it is not said, the slug itself is asked for.
  const canReturn = eligible !== false;
  return { id: textIn(id), mark: `v${version}`, key, at, phase: phaseOf(textIn(status)), canReturn, isCurrent: current === true };
}

function artefactIn(json: unknown): string | null {
  const { slug, artifacts } = fieldsIn(json);
  const slugId = textIn(fieldsIn(slug)['id']);
  if (isUuid(slugId)) return `slug:${slugId}`;
  if (!Array.isArray(artifacts)) return null;
  const ids = artifacts.map((one) => textIn(fieldsIn(one)['id'])).filter(isUuid);
  return ids[0] === undefined ? null : `image:${ids.toSorted().join('+').slice(0, 400)}`;
}

function phaseOf(status: string): Phase {
  if (status === 'succeeded') return 'past';
  if (status === 'pending') return 'begun';
  if (status === 'failed' || status === 'expired') return 'failed';
  throw new Unusable(`releases: ${labelText(status, 40)} is no status that is known`);
}

export const versionOf = ({ mark }: Pick<Change, 'mark'>): number => Number(mark.slice(1));

/** Newest first; those that brought no code are left out. @throws Unusable */
export function changesIn(json: unknown): Changes {
  if (!Array.isArray(json)) throw new Unusable('releases: the answer is not a list');
  const all = json
    .slice(0, MOST_RELEASES)
    .map(changeIn)
    .filter((one) => one !== null)
    .toSorted((a, b) => versionOf(b) - versionOf(a));
  // A release whose phase still runs is not live, whatever is said of it.
  const live = all.find((one) => one.isCurrent && one.phase === 'past') ?? all.find((one) => one.phase === 'past');
  return all.map(({ isCurrent: _said, ...one }) => (one.id === live?.id ? { ...one, phase: 'live' as const } : one));
}

export interface Dyno {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly isUp: boolean;
}

/** One-off dynos are nobody's release. */
const ONE_OFF: readonly string[] = ['run', 'release', 'scheduler'];

/** @throws Unusable */
export function dynosIn(json: unknown): readonly Dyno[] {
  if (!Array.isArray(json)) throw new Unusable('dynos: the answer is not a list');
  return json.slice(0, MOST_UNITS).flatMap((one): readonly Dyno[] => {
    const { name, type, state, release } = fieldsIn(one);
    const version = fieldsIn(release)['version'];
    if (textIn(name) === '' || textIn(type) === '' || typeof version !== 'number')
      throw new Unusable('dynos: one has no name, type or release');
    if (ONE_OFF.includes(textIn(type))) return [];
    // An idle one sleeps until somebody asks.
    return [{ id: labelText(name), type: textIn(type), version, isUp: state === 'up' || state === 'idle' }];
  });
}

/** Type → how many there should be. @throws Unusable */
export function formationIn(json: unknown): ReadonlyMap<string, number> {
  if (!Array.isArray(json)) throw new Unusable('formation: the answer is not a list');
  return new Map(
    json.slice(0, MOST_UNITS).map((one) => {
      const { type, quantity } = fieldsIn(one);
      if (textIn(type) === '' || typeof quantity !== 'number') throw new Unusable('formation: one has no type or quantity');
      return [labelText(type), Math.min(Math.max(0, quantity), MOST_UNITS)];
    }),
  );
}

/** @throws Unusable */
export function commitIn(json: unknown): string | null {
  if (!isFields(json)) throw new Unusable('slug: the answer is no slug');
  const commit = textIn(json['commit']).toLowerCase();
  return /^[0-9a-f]{7,64}$/.test(commit) ? commit : null;
}

/** The release that a rollback has made. @throws Unusable */
export function madeIn(json: unknown): number {
  const version = fieldsIn(json)['version'];
  if (typeof version !== 'number') throw new Unusable('the answer to the rollback is no release');
  return version;
}
