// Puts a container with another image in the place of the one that is live: create, stop, rename, rename, start, wait; or back. Every step
// is found by looking, so a change that was cut is gone on with from wherever it stands. It owns no state.
import { BelayError } from '../../domain/errors.ts';
import { fieldsIn, textIn } from '../../domain/received.ts';
import type { DeployTarget, TargetState } from '../../ports/deploy-target.ts';
import type { Time } from '../../ports/time.ts';
import { exclusive, remade } from './container-config.ts';
import { type Box, type Judged, judge, labelsOfOrder, nameOf, type Order, type Place, type Sight, whyNot } from './container-state.ts';
import { type Engine, failed, type Refusal } from './engine.ts';
import type { Image } from './images.ts';

const LOOK_EVERY_MS = 100;
/** Without a health check: this long up is well. */
const STEADY_MS = 1_000;
const GRACE_S = 10;
const ANSWER_MS = 15_000;
const MOST_STEPS = 40;

export interface Containers {
  readonly engine: Engine;
  readonly time: Time;
  readonly name: string;
  readonly repository: string;
  readonly overlap: boolean;
  readonly healthyWithinMs: number;
  sight(): Promise<Sight>;
}

export type Wanted = Parameters<DeployTarget['rollTo']>[1] & {
  readonly release: string;
  readonly image: Image | undefined;
  readonly judged: Judged;
  readonly state: TargetState;
};
type Switching = Extract<Judged, { kind: 'switching' }>;

/** @throws BELAY_TARGET_CONFLICT, BELAY_RELEASE_NOT_RESTORABLE, BELAY_ACT_FAILED */
export async function switchTo(c: Containers, wanted: Wanted): Promise<void> {
  const { judged, state, key, release, expected } = wanted;
  if (judged.kind === 'switching' && judged.order.key === key && judged.order.release === release) return drive(c, key);
  if (judged.kind === 'settled' && judged.order?.key === key && judged.order.release === release) return;
  if (state.fingerprint !== expected) throw conflict(c, `it is ${state.release} (${state.fingerprint}), not ${expected}`);
  const { image } = wanted;
  if (image === undefined)
    throw new BelayError('BELAY_RELEASE_NOT_RESTORABLE', `there is no image ${c.repository}:${release} any more`, {
      hint: `See which there are: docker images ${c.repository}`,
    });
  const live = judged.kind === 'switching' ? await overtake(c, judged) : judged.kind === 'settled' ? judged.live : null;
  if (live === null) throw conflict(c, 'it is gone');
  if (live.image === image.id && live.isReady) return;
  await prepare(c, { live, image, wanted });
  await drive(c, key);
}

/** Of a change that somebody began and nobody goes on with: the container that was live has its name back. */
async function overtake(c: Containers, { ours, old, oldAt }: Switching): Promise<Box> {
  await must(c, 'DELETE', `/containers/${ours.id}?force=1`);
  if (oldAt !== 'live') await rename(c, old, 'live');
  return old;
}

interface Preparing {
  readonly live: Box;
  readonly image: Image;
  readonly wanted: Wanted;
}

async function prepare(c: Containers, { live, image, wanted }: Preparing): Promise<void> {
  const whyNever = neverRemade(live);
  if (whyNever !== null) throw failed(`${c.name} cannot be put back: ${whyNever}`, 'none');
  const oldImage = await c.engine.look(`/images/${live.image}/json`);
  if (oldImage === null) throw failed(`${c.name}: its image is gone, so nobody can say what of its configuration is its own`, 'none');
  const { release, fingerprint, changedAt, previous } = wanted.state;
  const restart = restartOf(wanted.judged, live);
  const ran =
    wanted.judged.kind === 'switching' ? wanted.judged.order.before.ran : ['running', 'restarting', 'paused'].includes(live.status);
  const order: Order = {
    key: wanted.key,
    release: wanted.release,
    before: { id: live.id, release, fingerprint, changedAt, previous, ran, restart },
  };
  const name = image.tags.includes(wanted.release) ? `${c.repository}:${wanted.release}` : image.id;
  const { body } = remade(live.raw, fieldsIn(fieldsIn(oldImage)['Config']), name, labelsOfOrder(c.name, order, wanted.reason));
  await clear(c, live);
  const refused = await c.engine.change('POST', `/containers/create?name=${nameOf(c.name, 'next')}`, { body });
  if (refused?.status === 409) throw conflict(c, 'somebody else is about to change it');
  if (refused !== null) throw failed(`${c.name}: no container of ${name} could be made: ${refused.said}`, 'none');
  const made = (await c.sight()).next;
  if (made?.image === image.id) return;
  // The tag has moved since it was looked up.
  if (made !== undefined) await must(c, 'DELETE', `/containers/${made.id}?force=1`);
  throw conflict(c, `${name} is another image by now`);
}

/** A switch that was overtaken had taken the restart policy away. */
const restartOf = (judged: Judged, live: Box) =>
  judged.kind === 'switching' ? judged.order.before.restart : fieldsIn(fieldsIn(live.raw['HostConfig'])['RestartPolicy']);

function neverRemade(live: Box): string | null {
  if (textIn(live.labels['com.docker.swarm.service.name']) !== '') return 'it is a task of a Swarm; use driver docker-service';
  if (fieldsIn(live.raw['HostConfig'])['AutoRemove'] === true) return 'it was started with --rm, so stopping it removes it for good';
  return null;
}

/** What an earlier change left under names that are needed now: never what runs. */
async function clear(c: Containers, live: Box): Promise<void> {
  const sight = await c.sight();
  if (sight.live?.id !== live.id) throw conflict(c, 'somebody else has changed it');
  for (const place of ['next', 'before'] as const) {
    const left = sight[place];
    if (left === undefined) continue;
    if (place === 'before' && left.status === 'running') throw failed(`${nameOf(c.name, place)} runs, and its name is needed`, 'none');
    await must(c, 'DELETE', `/containers/${left.id}?force=1`);
  }
}

/** Goes on until the change of this key is in place, or taken back. What stops it on its way may have left nothing that serves. */
async function drive(c: Containers, key: string): Promise<void> {
  try {
    await allSteps(c, key);
  } catch (cause) {
    if (!BelayError.is(cause) || cause.effect !== 'none') throw cause;
    if (cause.code === 'BELAY_TARGET_CONFLICT' && (await c.sight()).live?.status === 'running') throw cause;
    throw failed(`${cause.message} (on the way, after the switch had begun)`, 'unknown', cause);
  }
}

async function allSteps(c: Containers, key: string): Promise<void> {
  const clock: Clock = { until: c.time.monotonicMs() + c.healthyWithinMs, upSince: null };
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const sight = await c.sight();
    const judged = judge(sight, c.name);
    if (judged.kind !== 'switching') {
      if (judged.kind === 'settled' && (judged.order?.key === key || judged.gaveUp !== null)) return;
      throw conflict(c, 'somebody else has changed it in between');
    }
    if (judged.order.key !== key) throw conflict(c, 'somebody else is changing it');
    await oneStep(c, judged, sight, clock);
  }
  throw failed(`${c.name}: the switch does not come to an end`, 'unknown');
}

interface Clock {
  readonly until: number;
  upSince: number | null;
}

async function oneStep(c: Containers, at: Switching, sight: Sight, clock: Clock): Promise<void> {
  if (at.at === 'failed') return putBack(c, at);
  if (at.at === 'live') return serve(c, at, sight, clock);
  if (at.oldAt === 'before') return rename(c, at.ours, 'live');
  await connect(c, at);
  if (c.overlap && exclusive(at.old.raw) === null && !(await comesUp(c, at.ours, clock))) return setAside(c, at, sight);
  await stopOld(c, at.old);
  return rename(c, at.old, 'before');
}

/** Networks beyond the first. */
async function connect(c: Containers, { ours, old }: Switching): Promise<void> {
  const has = fieldsIn(fieldsIn(ours.raw['NetworkSettings'])['Networks']);
  for (const [network, endpoint] of remade(old.raw, {}, '', {}).networks) {
    if (Object.hasOwn(has, network)) continue;
    const body = { Container: ours.id, EndpointConfig: endpoint };
    await must(c, 'POST', `/networks/${encodeURIComponent(network)}/connect`, body);
  }
}

async function stopOld(c: Containers, old: Box): Promise<void> {
  // Else an engine that starts again would start it beside the new one.
  if (old.restart !== 'no' && old.restart !== '') await setRestart(c, old, { Name: 'no' });
  await stop(c, old);
}

async function stop(c: Containers, box: Box): Promise<void> {
  const own = fieldsIn(box.raw['Config'])['StopTimeout'];
  const graceS = typeof own === 'number' && own >= 0 && own <= 3_600 ? own : GRACE_S;
  await must(c, 'POST', `/containers/${box.id}/stop?t=${graceS}`, undefined, graceS * 1_000 + ANSWER_MS);
}

async function serve(c: Containers, at: Switching, sight: Sight, clock: Clock): Promise<void> {
  if (!(await comesUp(c, at.ours, clock))) return setAside(c, at, sight);
  await setRestart(c, at.ours, at.order.before.restart);
  if (sight.failed !== undefined) await must(c, 'DELETE', `/containers/${sight.failed.id}?force=1`);
  // The last step: from here on there is nothing to go back to but an image.
  await must(c, 'DELETE', `/containers/${at.old.id}`);
}

/** Started and well; false when it will not be. */
async function comesUp(c: Containers, ours: Box, clock: Clock): Promise<boolean> {
  let seen = ours;
  if (seen.status === 'created' && seen.startedAt === null) {
    if (seen.trouble !== '' || (await c.engine.change('POST', `/containers/${ours.id}/start`)) !== null) return false;
  }
  for (;;) {
    const sight = await c.sight();
    const found = Object.values(sight).find((one) => one.id === ours.id);
    if (found === undefined) throw conflict(c, 'somebody else has removed the new container');
    seen = found;
    if (whyNot(seen) !== null) return false;
    const now = c.time.monotonicMs();
    if (seen.isReady) clock.upSince ??= now;
    if (seen.isReady && (seen.health === 'healthy' || now - (clock.upSince ?? now) >= STEADY_MS)) return true;
    if (now >= clock.until) return false;
    await c.time.sleep(LOOK_EVERY_MS);
  }
}

/** The new one is kept for people to look at, and does not run. */
async function setAside(c: Containers, at: Switching, sight: Sight): Promise<void> {
  if (sight.failed !== undefined) await must(c, 'DELETE', `/containers/${sight.failed.id}?force=1`);
  await stop(c, at.ours);
  if (at.oldAt === 'live') await revive(c, at);
  await rename(c, at.ours, 'failed');
}

/** The name comes last: until then the change is seen as one that has not ended. */
async function putBack(c: Containers, at: Switching): Promise<void> {
  await revive(c, at);
  await rename(c, at.old, 'live');
}

async function revive(c: Containers, { old, order }: Switching): Promise<void> {
  if (old.restart !== textIn(order.before.restart['Name'])) await setRestart(c, old, order.before.restart);
  if (order.before.ran && old.status !== 'running') await must(c, 'POST', `/containers/${old.id}/start`);
}

async function setRestart(c: Containers, box: Box, policy: object): Promise<void> {
  if (Object.keys(policy).length > 0) await must(c, 'POST', `/containers/${box.id}/update`, { RestartPolicy: policy });
}

async function rename(c: Containers, box: Box, place: Place): Promise<void> {
  const refused = await c.engine.change('POST', `/containers/${box.id}/rename?name=${nameOf(c.name, place)}`);
  if (refused?.status === 409) throw conflict(c, `the name ${nameOf(c.name, place)} was taken by somebody else`);
  if (refused !== null) throw refusedAs(c, refused);
}

async function must(c: Containers, method: 'POST' | 'DELETE', path: string, body?: object, timeoutMs?: number): Promise<void> {
  const refused = await c.engine.change(method, path, {
    ...(body === undefined ? {} : { body }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  if (refused !== null) throw refusedAs(c, refused);
}

const refusedAs = (c: Containers, { status, said }: Refusal): BelayError =>
  status === 404 ? conflict(c, `somebody else has changed it: ${said}`) : failed(`${c.name}: ${said}`, 'unknown');

function conflict({ name }: Containers, what: string): BelayError {
  return new BelayError('BELAY_TARGET_CONFLICT', `container ${name}: ${what}`, {
    hint: 'Somebody else has deployed in between: plan again.',
  });
}
