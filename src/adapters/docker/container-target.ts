// A deploy target of one plain container: the wanted image with the old one's configuration, under the same name. It judges nobody's
// health beyond what the container's own health check says; how the switch is done is in container-switch.ts.
import { BelayError } from '../../domain/errors.ts';
import { fieldsIn, textIn } from '../../domain/received.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';
import type { DeployTarget, TargetState } from '../../ports/deploy-target.ts';
import type { Http } from '../../ports/http.ts';
import type { Time } from '../../ports/time.ts';
import { type Box, boxIn, type Judged, judge, nameOf, orderOf, type Place, type Sight, whyNot } from './container-state.ts';
import { type Containers, switchTo } from './container-switch.ts';
import { type Engine, openEngine, unreachable } from './engine.ts';
import { checkRepository, type Image, imageNamed, imagesOf, refOf, releasesOf } from './images.ts';

const DRIVER = 'docker-container';
const PLACES: readonly Place[] = ['live', 'next', 'before', 'failed'];
const LOOKS = 5;

interface Deps {
  readonly http: Http;
  readonly time: Time;
}

/** What was seen before in this process: the engine keeps nothing of a container that somebody else has removed. */
interface Memory {
  readonly refs: Set<string>;
  last: { readonly id: string; readonly release: string } | null;
  before: string | null;
}

/** @throws BELAY_CONFIG_INVALID */
export function createDockerContainer(options: TargetOptions<'docker-container'>, { http, time }: Deps) {
  const { container: name, repository, overlap, healthyWithinMs } = options;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(name)) throw wrong('container: it is the name of a container, such as crm-backend');
  checkRepository(DRIVER, repository);
  const engine = openEngine(DRIVER, options, http);
  const memory: Memory = { refs: new Set(), last: null, before: null };
  const containers: Containers = { engine, time, name, repository, overlap, healthyWithinMs, sight: () => sightOf(engine, name) };
  /** One change at a time from this process; another process is kept out by the names of the containers. */
  let turn: Promise<unknown> = Promise.resolve();
  const images = async (): Promise<readonly Image[]> => {
    const found = await imagesOf(engine, repository);
    for (const one of found) memory.refs.add(one.ref);
    return found;
  };
  const read = async () => {
    const [found, sight] = [await images(), await sightOf(engine, name)];
    const judged = judge(sight, name);
    return { judged, images: found, state: stateOf(judged, { name, engine, images: found, memory }) };
  };
  return {
    // A container is stopped, renamed and removed by its id, and a name belongs to one container only.
    caps: { compareAndSet: 'native', freeze: false, restoresConfig: 'none' },
    list: async (limit) => {
      const { judged, images: found } = await read();
      return releasesOf(found, judged.kind === 'settled' ? judged.live.image : judged.kind === 'switching' ? judged.old.image : null).slice(
        0,
        limit,
      );
    },
    current: async () => (await read()).state,
    restorable: async (release) => {
      const image = imageNamed(await images(), release);
      if (image !== undefined) return { ok: true, artefact: image.id };
      const { judged, state } = await read();
      const labelled =
        judged.kind === 'settled' ? judged.order?.before.release : judged.kind === 'switching' ? judged.order.before.release : '';
      const was = memory.refs.has(release) || [state.release, state.previous, labelled].includes(release);
      return { ok: false, why: was ? 'pruned' : 'unknown' };
    },
    rollTo: (release, o) => {
      const mine = turn.then(async () => {
        const { judged, images: found, state } = await read();
        await switchTo(containers, { release, ...o, image: imageNamed(found, release), judged, state });
      });
      turn = mine.catch(() => undefined);
      return mine;
    },
    freeze: async () => {
      throw new BelayError('BELAY_ACT_FAILED', `${name}: a plain container has nothing that keeps other deployers out`, {
        hint: 'Stop your deploy job by hand, or leave the step out.',
      });
    },
  } satisfies DeployTarget;
}

const wrong = (why: string): BelayError => new BelayError('BELAY_CONFIG_INVALID', `driver ${DRIVER}: ${why}`);

/** @throws BELAY_TARGET_UNREACHABLE */
async function sightOf(engine: Engine, name: string): Promise<Sight> {
  const pattern = `^/${name.replaceAll('.', '\\.')}(-belay-(next|before|failed))?$`;
  const filters = encodeURIComponent(JSON.stringify({ name: [pattern] }));
  for (let look = 0; look < LOOKS; look += 1) {
    const listed = await engine.look(`/containers/json?all=1&filters=${filters}`);
    if (!Array.isArray(listed)) throw unreachable(engine.name, 'the list of containers is not a list');
    const found: Partial<Record<Place, Box>> = {};
    let moved = false;
    for (const one of listed.slice(0, PLACES.length).map((each) => textIn(fieldsIn(each)['Id']))) {
      if (!/^[0-9a-f]{64}$/.test(one)) throw unreachable(engine.name, 'a container of the list has no id');
      const json = await engine.look(`/containers/${one}/json`);
      const box = boxIn(json);
      const place = PLACES.find((each) => `/${nameOf(name, each)}` === textIn(fieldsIn(json)['Name']));
      if (json !== null && box === null) throw unreachable(engine.name, `container ${one.slice(0, 12)} is not described`);
      if (box === null || place === undefined || found[place] !== undefined) moved = true;
      else found[place] = box;
    }
    // Removed or renamed between the list and the look: the answers are not of one moment.
    if (!moved) return found;
  }
  throw unreachable(engine.name, `the containers of ${name} do not stop changing`);
}

interface About {
  readonly name: string;
  readonly engine: Engine;
  readonly images: readonly Image[];
  readonly memory: Memory;
}

/** @throws BELAY_TARGET_UNREACHABLE when there is no container of that name */
function stateOf(judged: Judged, { name, engine, images, memory }: About): TargetState {
  if (judged.kind === 'none')
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${engine.name}: there is no container ${name}`, {
      hint: 'Belay makes the new one from the configuration of the old one: start it once by hand or by Compose.',
    });
  const unit = (box: Box, release: string) => ({ id: name, release, ready: box.isReady });
  const called = (box: Box): string => refOf(images, box.image, orderOf(box, name)?.release);
  if (judged.kind === 'switching') {
    const { order, ours, old, at } = judged;
    const { release, fingerprint, changedAt, previous } = order.before;
    const serving = at === 'live' ? unit(ours, order.release) : unit(old, release);
    return { release, fingerprint, changedAt, previous, frozen: false, units: [serving], inFlight: order.release };
  }
  const { live, order, gaveUp } = judged;
  const release = called(live);
  if (memory.last !== null && memory.last.id !== live.id) memory.before = memory.last.release;
  memory.last = { id: live.id, release };
  memory.refs.add(release);
  const recorded = order === null ? null : order.before.release === release ? order.before.previous : order.before.release;
  return {
    release,
    fingerprint: gaveUp === null ? live.id.slice(0, 16) : `${live.id.slice(0, 16)}-${gaveUp.id.slice(0, 16)}`,
    changedAt: gaveUp === null ? live.createdAt : (live.startedAt ?? live.createdAt),
    previous: order === null ? memory.before : recorded,
    frozen: false,
    units: [unit(live, release)],
    ...(gaveUp === null ? {} : { gaveUp: gaveUpText(name, gaveUp) }),
  };
}

function gaveUpText(name: string, failed: Box): string {
  const release = orderOf(failed, name)?.release ?? '';
  return `${release} did not come up (${whyNot(failed) ?? 'it was not healthy in time'}); the container before it was put back, and the failed one is kept as ${nameOf(name, 'failed')}`;
}
