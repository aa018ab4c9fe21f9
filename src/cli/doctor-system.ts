// What belay.yaml names, looked at from here: its problems, its sources, targets, switches and channels. Nothing is sent or switched.
import { accessSync, constants, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadAndLint } from '../config/lint.ts';
import { isUsable } from '../config/load.ts';
import { parsePoint } from '../domain/probe-point.ts';
import { isPulled, type SourceSpec } from '../domain/source-catalog.ts';
import type { System } from '../domain/system.ts';
import type { Http } from '../ports/http.ts';
import type { Context } from './context.ts';
import { type Finding, fail, look, ok, skip, warn } from './finding.ts';
import type { LocalParts } from './wiring.ts';

const PATIENCE_MS = 3000;
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
  return [
    warnings === 0 ? ok(what, says) : warn(what, `${says}, ${warnings} warnings`, 'See them: belay lint'),
    ...armed(system),
    ...(await Promise.all([
      ...system.sources.map((source) => sourceOf(source, opened.http, loaded.baseDir)),
      ...Object.entries(opened.targets).map(([id, target]) => targetOf(id, target)),
      ...Object.entries(opened.switches).map(([id, one]) => switchOf(id, one, system)),
      ...system.channels.map((channel) => channelOf(channel.id, channel.driver, opened, dataDir)),
    ])),
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

function sourceOf(source: SourceSpec, http: Http, baseDir: string): Promise<Finding> {
  const what = `source ${source.id}`;
  if (source.driver === 'host') return Promise.resolve(hostOf(what, source.path === undefined ? null : resolve(baseDir, source.path)));
  if (source.driver === 'log') return Promise.resolve(logOf(what, resolve(baseDir, source.path)));
  if (!isPulled(source)) return Promise.resolve(skip(what, 'is sent to Belay'));
  // Its address may hold a password: it is neither asked nor shown here.
  if (source.driver === 'sql') return Promise.resolve(skip(what, 'is read by belay up; a query that fails stands there'));
  // A query needs the source's own headers.
  if (source.driver === 'promql') return Promise.resolve(skip(what, 'is asked by belay up; a query that fails stands there'));
  const addresses = 'url' in source ? [source.url] : [];
  const urls = source.driver === 'http' ? source.points.filter((point) => parsePoint(point)?.kind === 'http') : addresses;
  if (urls.length === 0) return Promise.resolve(skip(what, 'is looked at by belay up'));
  return look(what, async () => {
    for (const url of urls) {
      const answer = await http.request({ method: 'GET', url, timeoutMs: PATIENCE_MS, maxBytes: 16 * 1024 * 1024 });
      const wanted = source.driver !== 'http' ? 200 : source.expect === undefined ? source.expectStatus : null;
      if (wanted !== null && answer.status !== wanted)
        return fail(what, `${url} answers ${answer.status}, not ${wanted}`, 'Look at that address in a browser or with curl.');
      // The answers of status pages come out of caches, and their times are not used.
      const skew = source.driver === 'status-page' ? 0 : skewOf(answer.headers['date']);
      if (skew > SKEW_MS)
        return warn(what, `${url} answers, but its clock is ${Math.round(skew / 1000)} s from ours`, 'Let NTP keep both clocks.');
    }
    return ok(what, `${urls.join(', ')} answers`);
  });
}

function hostOf(what: string, path: string | null): Finding {
  if (path === null) return ok(what, 'this machine');
  return existsSync(path)
    ? ok(what, `this machine, and the disk of ${path}`)
    : fail(what, `there is no ${path}`, 'Without it nothing of this source is read: name a folder that is there.');
}

function logOf(what: string, path: string): Finding {
  if (!existsSync(path)) return warn(what, `there is no ${path} yet`, 'When it is there, it is read from its first line on.');
  try {
    accessSync(path, constants.R_OK);
    return ok(what, `${path} can be read`);
  } catch (error) {
    return fail(what, (error as Error).message, 'Let the user that runs Belay read it: a group of the log, or an ACL.');
  }
}

function skewOf(date: string | undefined): number {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? 0 : Math.abs(Date.now() - at);
}

function targetOf(id: string, target: LocalParts['targets'][string]): Promise<Finding> {
  const what = `target ${id}`;
  return look(what, async () => {
    const [state, releases] = [await target.current(), await target.list(50)];
    const says = `runs ${state.release}${state.previous === null ? '' : `, before it ${state.previous}`}; ${releases.length} releases`;
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
