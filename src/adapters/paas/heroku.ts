// Heroku: an app's releases, each of a slug or of images. A rollback names a release and makes a new one of the same slug, so a release is
// told by its slug. Its configuration comes back with it, and its release phase runs again.
import { Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';
import type { DeployTarget } from '../../ports/deploy-target.ts';
import { type Ask, type AskDeps, asking, demandToken, wrongOption } from './ask.ts';
import { changesIn, commitIn, type Dyno, dynosIn, formationIn, isUuid, MOST_RELEASES, madeIn, versionOf } from './heroku-answers.ts';
import { type Change, type Changes, lastOf, liveOf } from './history.ts';
import { type Artefact, type Platform, type Sight, targetOn } from './platform.ts';

const MOST_SLUGS = 1_000;
/** Asked at a time. */
const SLUGS_AT_ONCE = 8;
const RANGE = `version ..; order=desc,max=${MOST_RELEASES}`;

interface App {
  readonly name: string;
  readonly ask: Ask;
  readonly base: string;
  /** A slug never changes. */
  readonly commits: Map<string, string | null>;
}

/** @throws BELAY_CONFIG_INVALID */
export function createHeroku(options: TargetOptions<'heroku'>, deps: AskDeps): DeployTarget {
  const { app, token, url, timeoutMs } = options;
  if (!/^[a-z][a-z0-9-]{1,28}[a-z0-9]$/.test(app) && !isUuid(app))
    throw wrongOption('heroku', 'app: it is the name of an app (small letters, digits and -) or its id');
  demandToken('heroku', token);
  const headers = {
    accept: 'application/vnd.heroku+json; version=3',
    'content-type': 'application/json',
    authorization: `Bearer ${token}`,
  };
  const name = `Heroku app ${app}`;
  const ask = asking({ name, token, headers, timeoutMs }, deps);
  const place: App = { name, ask, base: `${url.replace(/\/+$/, '')}/apps/${encodeURIComponent(app)}`, commits: new Map() };
  return targetOn(
    {
      caps: { compareAndSet: 'none', freeze: false, restoresConfig: 'all', runsReleaseHooks: true, races: true },
      name,
      hint: `Look at the releases of ${app}: \`heroku releases\`.`,
      look: () => look(place),
      changes: () => changesOf(place),
      describe: (changes, keys) => describe(place, changes, keys),
      keyOf,
      isThere: (change) => isThere(place, change),
      put: (change, now) => put(place, change, now),
      freeze: async () => {
        throw new BelayError('BELAY_ACT_FAILED', `${name}: it cannot keep other deployers out`, {
          hint: 'Stop the pipeline that deploys.',
        });
      },
    } satisfies Platform,
    deps.time,
  );
}

/** @throws BELAY_TARGET_UNREACHABLE */
async function read<T>({ name, ask, base }: App, path: string, into: (json: unknown) => T): Promise<T> {
  const headers = path === 'releases' ? { range: RANGE } : {};
  const json = await ask({ method: 'GET', url: `${base}/${path}`, headers, acts: false });
  try {
    if (json === null) throw new Unusable(`there is no such app, or the token may not see it (404 at ${path})`);
    return into(json);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${name}: ${error.message}`, { hint: 'Check the name of the app and its token.' });
  }
}

const changesOf = (app: App): Promise<Changes> => read(app, 'releases', changesIn);

async function look(app: App): Promise<Sight> {
  const [dynos, formation, changes] = await Promise.all([
    read(app, 'dynos', dynosIn),
    read(app, 'formation', formationIn),
    // Asked last of the three it would be newer than what runs, and no harm either: a unit of another version is not ready.
    changesOf(app),
  ]);
  return { changes, units: [...running(dynos, changes), ...missing(dynos, formation, changes)], frozen: false };
}

/** A dyno of an earlier version of the same slug runs with other configuration: it is not there yet. */
function running(dynos: readonly Dyno[], changes: Changes): Sight['units'] {
  const live = liveOf(changes);
  return dynos.map(({ id, version, isUp }) => {
    const of = changes.find((one) => versionOf(one) === version);
    return { id, key: of?.key ?? `v${version}`, ready: isUp && of !== undefined && of.id === live?.id };
  });
}

/** Those that should run and are not even listed. */
function missing(dynos: readonly Dyno[], formation: ReadonlyMap<string, number>, changes: Changes): Sight['units'] {
  const key = liveOf(changes)?.key ?? '-';
  return [...formation].flatMap(([type, quantity]) => {
    const there = dynos.filter((one) => one.type === type).length;
    return Array.from({ length: Math.max(0, quantity - there) }, (_, n) => ({ id: `${type} not there ${n + 1}`, key, ready: false }));
  });
}

async function describe(app: App, changes: Changes, keys: readonly string[]): Promise<ReadonlyMap<string, Artefact>> {
  const known = new Map<string, Artefact>();
  for (let from = 0; from < keys.length; from += SLUGS_AT_ONCE) {
    const some = keys.slice(from, from + SLUGS_AT_ONCE);
    for (const [n, commit] of (await Promise.all(some.map((key) => commitOf(app, key)))).entries()) {
      const key = some[n] ?? '';
      const version = changes.find((one) => one.key === key)?.mark ?? key;
      known.set(key, { ref: refOf(key, commit), version, artefact: key, ...(commit === null ? {} : { commit }) });
    }
  }
  return known;
}

/** The commit, for people, and the slug, which tells two builds of one commit apart. */
function refOf(key: string, commit: string | null): string {
  const [kind = '', id = ''] = key.split(':');
  return id === '' ? key : `${commit?.slice(0, 12) ?? kind}-${id.slice(0, 8)}`;
}

function keyOf(changes: Changes, ref: string): string | null {
  const short = /^(?:[0-9a-f]{7,12}|slug|image)-([0-9a-f]{8})$/.exec(ref)?.[1];
  const keys = new Set(changes.map((one) => one.key).filter((key) => short !== undefined && key.split(':')[1]?.startsWith(short)));
  return keys.size === 1 ? ([...keys][0] ?? null) : null;
}

async function commitOf(app: App, key: string): Promise<string | null> {
  const known = app.commits.get(key);
  if (known !== undefined || !key.startsWith('slug:')) return known ?? null;
  const json = await app.ask({ method: 'GET', url: `${app.base}/slugs/${key.slice(5)}`, acts: false });
  // A slug that is gone has no commit any more: what it is called by is its id.
  if (json === null) return null;
  const commit = commitIn(json);
  app.commits.set(key, commit);
  for (const [oldest] of app.commits) if (app.commits.size > MOST_SLUGS) app.commits.delete(oldest);
  return commit;
}

/** Of images Heroku keeps no list to look into: there its word counts. */
async function isThere({ ask, base }: App, { key, canReturn }: Change): Promise<boolean> {
  if (!key.startsWith('slug:')) return canReturn;
  return (await ask({ method: 'GET', url: `${base}/slugs/${key.slice(5)}`, acts: false })) !== null;
}

async function put({ name, ask, base }: App, change: Change, now: Changes): Promise<void> {
  const json = await ask({ method: 'POST', url: `${base}/releases`, body: JSON.stringify({ release: change.id }), acts: true });
  const last = lastOf(now);
  if (json === null)
    throw new BelayError('BELAY_ACT_FAILED', `${name}: ${change.mark} is not there any more (404)`, { hint: 'Plan again.' });
  const made = madeOr(name, json);
  if (last === null || made <= versionOf(last) + 1) return;
  throw new BelayError('BELAY_ACT_FAILED', `${name}: v${made} has overrun v${made - 1}, which somebody else released in the same moment`, {
    effect: 'done',
    hint: `Ask who released v${made - 1}, and whether it must come back.`,
  });
}

function madeOr(name: string, json: unknown): number {
  try {
    return madeIn(json);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw new BelayError('BELAY_DEPLOY_TIMEOUT', `${name}: ${error.message}`, { effect: 'unknown', hint: 'Look what is live.' });
  }
}
