// What belay.yaml names, looked at from here: its problems, its sources, targets, switches and channels. Nothing is sent or switched.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadAndLint } from '../config/lint.ts';
import { isUsable } from '../config/load.ts';
import { parsePoint } from '../domain/probe-point.ts';
import type { Told } from '../domain/selection.ts';
import { saysTheSame } from '../domain/setting.ts';
import type { Sample } from '../domain/signal.ts';
import { isPulled, type PulledSpec, type SourceSpec } from '../domain/source-catalog.ts';
import type { System } from '../domain/system.ts';
import type { Http } from '../ports/http.ts';
import type { Context } from './context.ts';
import { checkSignals, heardHere } from './doctor-signals.ts';
import { type Finding, fail, look, ok, skip, warn } from './finding.ts';
import type { LocalParts } from './wiring.ts';

const PATIENCE_MS = 3000;
/** A source may need a program to start, or a token first. */
const READING_MS = 8000;
/** A page that is this far from our clock makes event times wrong. */
const SKEW_MS = 5000;

export async function checkSystem(context: Context): Promise<readonly Finding[]> {
  const { config, configDir, dataDir, wiring } = context;
  const what = 'configuration';
  if (!existsSync(join(configDir, 'belay.yaml')))
    return [skip(what, `no belay.yaml in ${config}; write one with belay init, or name its folder with --config`)];
  const loaded = loadAndLint(configDir, { ...(await wiring.lintTools()), env: wiring.env });
  const errors = loaded.diagnostics.filter((one) => one.severity === 'error').length;
  const warnings = loaded.diagnostics.length - errors;
  if (!isUsable(loaded)) return [fail(what, `${errors} errors`, 'See them: belay lint')];
  const { system } = loaded;
  const says = `${system.name}: ${system.triggers.length} triggers, ${Object.keys(loaded.runbooks).length} runbooks`;
  const opened = await openOrSay(context, system, loaded.baseDir);
  if ('state' in opened) return [opened];
  const told = new Map<string, readonly Told[]>();
  const parts = await Promise.all([
    ...system.sources.map((source) => sourceOf(source, opened, { baseDir: loaded.baseDir, told })),
    ...Object.entries(opened.targets).map(([id, target]) => targetOf(id, target)),
    ...Object.entries(opened.switches).map(([id, one]) => switchOf(id, one, system)),
    ...Object.entries(opened.services).map(([id, one]) => serviceOf(id, one)),
    ...Object.entries(opened.proxies).map(([id, one]) => proxyOf(id, one)),
    ...Object.entries(opened.flags).map(([id, one]) => flagOf(id, one)),
    ...Object.entries(opened.configs).map(([id, one]) => configOf(id, one)),
    ...(system.synthetics?.some((one) => one.browser !== undefined) === true ? [browserOf(opened)] : []),
    ...system.channels.map((channel) => channelOf(channel.id, channel.driver, opened, dataDir)),
  ]);
  return [
    warnings === 0 ? ok(what, says) : warn(what, `${says}, ${warnings} warnings`, 'See them: belay lint'),
    ...armed(system),
    ...parts,
    ...checkSignals(system, told, { lang: context.lang, heard: await heardHere(context) }),
  ];
}

async function openOrSay({ dataDir, wiring }: Context, system: System, baseDir: string): Promise<LocalParts | Finding> {
  let parts: LocalParts | null = null;
  const finding = await look('configuration', async () => {
    parts = await wiring.openParts({ system, baseDir, dataDir });
    return ok('configuration', '');
  });
  return parts ?? finding;
}

function armed(system: System): readonly Finding[] {
  const shadow = system.triggers.filter((one) => one.mode === 'shadow').map((one) => one.id);
  const says = shadow.length === 0 ? 'all are armed' : `in shadow: ${shadow.join(', ')}. They tell what they would do, and do nothing`;
  return system.triggers.length === 0 ? [warn('triggers', 'none: nothing is watched', 'Add one to belay.yaml.')] : [ok('triggers', says)];
}

interface Reading {
  readonly baseDir: string;
  /** What each source told is put here. */
  readonly told: Map<string, readonly Told[]>;
}

/** Each source that Belay reads is read once; nothing of it is kept. */
function sourceOf(source: SourceSpec, parts: LocalParts, { baseDir, told }: Reading): Promise<Finding> {
  const what = `source ${source.id}`;
  if (!isPulled(source)) return Promise.resolve(skip(what, 'is sent to Belay'));
  if (source.driver === 'log' && !existsSync(resolve(baseDir, source.path)))
    return Promise.resolve(
      warn(what, `there is no ${resolve(baseDir, source.path)} yet`, 'When it is there, it is read from its first line on.'),
    );
  return look(what, async () => {
    const batch = await parts.read(source, READING_MS);
    if (!batch.alive) return fail(what, batch.reason ?? 'it could not be read', todoOf(source));
    const samples = batch.samples.filter((one) => one.kind !== 'probe');
    if (samples.length > 0) told.set(source.id, samples);
    const points = batch.samples.filter((one) => one.kind === 'probe');
    const failing = points.filter((one) => !one.ok);
    if (failing.length > 0) {
      const some = failing.slice(0, 3).map((one) => `${one.point}: ${one.detail}`);
      const more = failing.length > some.length ? `; and ${failing.length - some.length} more` : '';
      return fail(what, `${failing.length} of ${points.length} points fail: ${some.join('; ')}${more}`, todoOf(source));
    }
    return (await skewed(what, source, parts.http)) ?? ok(what, readingIn(batch.samples, source));
  });
}

const REMEDIES: Readonly<Partial<Record<PulledSpec['driver'], string>>> = {
  prometheus: 'Look at that address in a browser or with curl.',
  http: 'Look at those addresses in a browser or with curl.',
  sql: 'Send the query with psql, as the user of that address.',
  host: 'Without it nothing of this source is read: name a folder that is there.',
  files: 'Name a folder that is there, and let the user that runs Belay read it.',
  log: 'Let the user that runs Belay read it: a group of the log, or an ACL.',
};
const todoOf = ({ driver }: PulledSpec): string =>
  REMEDIES[driver] ?? `Until it can be read, triggers on it are unknown: docs/sources/${driver}.md says what it needs.`;

/** What a reading holds, in words. */
function readingIn(samples: readonly Sample[], { driver }: PulledSpec): string {
  const points = samples.flatMap((one) => (one.kind === 'probe' ? [one.point] : []));
  if (points.length > 0) return `${shortened(points)} ${points.length === 1 ? 'is' : 'are'} as they should be`;
  const names = [...new Set(samples.flatMap((one) => (one.kind === 'probe' ? [] : [one.name])))];
  if (names.length === 0) return driver === 'log' ? 'can be read; new lines will be counted' : 'answers; there is nothing to count now';
  return `is read: ${samples.length} ${samples.length === 1 ? 'sample' : 'samples'} of ${shortened(names)}`;
}

const shortened = (names: readonly string[]): string => names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');

/** Of what gives its samples times of its own: a clock that is far from ours makes them wrong. */
async function skewed(what: string, source: PulledSpec, http: Http): Promise<Finding | null> {
  const [url] = source.driver === 'prometheus' ? [source.url] : source.driver === 'http' ? source.points.filter(isHttp) : [];
  if (url === undefined) return null;
  const answer = await http.request({ method: 'GET', url, timeoutMs: PATIENCE_MS, maxBytes: 64 * 1024 * 1024 });
  const skew = skewOf(answer.headers['date']);
  if (skew <= SKEW_MS) return null;
  return warn(what, `${url} answers, but its clock is ${Math.round(skew / 1000)} s from ours`, 'Let NTP keep both clocks.');
}

const isHttp = (point: string): boolean => parsePoint(point)?.kind === 'http';

function skewOf(date: string | undefined): number {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? 0 : Math.abs(Date.now() - at);
}

const MOST_COUNTED = 50;

function targetOf(id: string, target: LocalParts['targets'][string]): Promise<Finding> {
  const what = `target ${id}`;
  return look(what, async () => {
    const [state, releases] = [await target.current(), await target.list(MOST_COUNTED)];
    const says = `runs ${state.release}${state.previous === null ? '' : `, before it ${state.previous}`}; ${releases.length}${releases.length < MOST_COUNTED ? '' : ' or more'} releases`;
    if (state.frozen) return warn(what, `${says}; frozen`, 'Deploys are frozen until somebody lifts it.');
    const unlike = state.units.filter((unit) => unit.release !== state.release || !unit.ready);
    if (unlike.length > 0)
      return warn(
        what,
        `${says}; ${unlike.map((unit) => unit.id).join(', ')} is not there`,
        'Is the service up, and has it loaded the current release?',
      );
    return releases.length < 2 ? warn(what, says, 'There is nothing to go back to yet.') : ok(what, says);
  });
}

function switchOf(id: string, one: LocalParts['switches'][string], system: System): Promise<Finding> {
  const what = `switch ${id}`;
  return look(what, async () => {
    const states = await Promise.all(system.organizations.map(async (org) => `${org.id}: ${(await one.get(org.id)).value}`));
    return states.length === 0
      ? warn(what, 'there are no organizations to switch', 'Add organizations to belay.yaml.')
      : ok(what, states.slice(0, 6).join(', ') + (states.length > 6 ? ', …' : ''));
  });
}

function serviceOf(id: string, one: LocalParts['services'][string]): Promise<Finding> {
  const what = `service ${id}`;
  return look(what, async () => {
    const { units, wanted, gaveUp } = await one.look();
    const says = `${units.filter((unit) => unit.ready).length} of ${wanted} running`;
    if (gaveUp !== undefined) return warn(what, `${says}; ${gaveUp}`, 'Look at its log before it is needed.');
    return units.length < wanted ? warn(what, says, 'Is it stopped on purpose?') : ok(what, says);
  });
}

function proxyOf(id: string, one: LocalParts['proxies'][string]): Promise<Finding> {
  const what = `proxy ${id}`;
  return look(what, async () => {
    const { shares, up } = await one.look();
    const says = one.names.map((name) => `${name} ${Math.round((shares[name] ?? 0) * 100)}%`).join(', ');
    const down = one.names.filter((name) => !up.includes(name));
    return down.length === 0
      ? ok(what, says)
      : warn(what, `${says}; ${down.join(', ')} does not answer`, 'It can be given no requests now.');
  });
}

function flagOf(id: string, flag: LocalParts['flags'][string]): Promise<Finding> {
  const what = `flag ${id}`;
  return look(what, async () => {
    const [{ value, pending }, given] = [await flag.get(null), await flag.evaluate(null)];
    if (value === null) return fail(what, 'is not there', 'Check key in belay.yaml.');
    if (pending !== undefined) return warn(what, `is ${String(value)}: ${pending}`, 'Reload the service.');
    return saysTheSame(value, given)
      ? ok(what, `is ${String(value)}`)
      : warn(what, `is ${String(value)}, but applications get ${String(given)}`, 'What else decides it: a rule, an override, a cache?');
  });
}

function configOf(id: string, store: LocalParts['configs'][string]): Promise<Finding> {
  const what = `config ${id}`;
  return look(what, async () => {
    // No key: only whether it can be read.
    await store.get([]);
    return ok(what, 'can be read');
  });
}

/** Only asked for where a synthetic customer uses one. */
function browserOf({ browsers }: LocalParts): Promise<Finding> {
  return look('browser', async () => {
    const { path, version, sandboxed } = await browsers.find();
    const says = `${path} (${version})`;
    return sandboxed
      ? ok('browser', says)
      : warn('browser', `${says}, without its sandbox: Belay runs as root`, 'Run Belay as a user of its own.');
  });
}

function channelOf(id: string, driver: string, { channels }: LocalParts, dataDir: string): Promise<Finding> {
  const what = `channel ${id}`;
  const channel = channels[id];
  // A file channel would make its file to see whether it can.
  if (driver === 'file') return Promise.resolve(ok(what, `writes below ${dataDir}`));
  if (channel === undefined || driver === 'console') return Promise.resolve(ok(what, 'the terminal of belay up'));
  return look(what, async () => {
    const { ok: reached, why } = await channel.check(AbortSignal.timeout(PATIENCE_MS));
    return reached ? ok(what, why) : fail(what, why, 'Messages for it would wait in the outbox.');
  });
}
