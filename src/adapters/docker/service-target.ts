// A deploy target of one Swarm service: its whole specification with another image, posted with the version that was seen, so that Swarm
// itself refuses what came in between. It never asks Swarm for "the previous one", and judges nobody's health.
import { BelayError } from '../../domain/errors.ts';
import { fieldsIn } from '../../domain/received.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';
import type { DeployTarget } from '../../ports/deploy-target.ts';
import type { Http } from '../../ports/http.ts';
import type { Time } from '../../ports/time.ts';
import { type Engine, failed, openEngine, unreachable } from './engine.ts';
import { checkRepository, type Image, imageNamed, imagesOf, releasesOf } from './images.ts';
import { fingerprintOf, labelsOfUpdate, releaseOf, type Seen, serviceIn, serviceState, tasksIn, updateOf } from './service-state.ts';

const DRIVER = 'docker-service';

interface Deps {
  readonly http: Http;
  readonly time: Pick<Time, 'now'>;
}

/** @throws BELAY_CONFIG_INVALID */
export function createDockerService(options: TargetOptions<'docker-service'>, { http, time }: Deps) {
  const { service: name, repository } = options;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(name))
    throw new BelayError('BELAY_CONFIG_INVALID', `driver ${DRIVER}: service: it is the name of a service, such as shop_web`);
  checkRepository(DRIVER, repository);
  const engine = openEngine(DRIVER, options, http);
  const known = new Set<string>();
  const read = async (): Promise<Seen> => {
    const seen = { ...(await look(engine, name, repository)), now: time.now() };
    for (const one of seen.images) known.add(one.ref);
    return seen;
  };
  return {
    caps: { compareAndSet: 'native', freeze: false, restoresConfig: 'none' },
    list: async (limit) => {
      const { images, service } = await read();
      const live = imageNamed(images, releaseOf(images, repository, service.image))?.id ?? null;
      return releasesOf(deployable(images), live).slice(0, limit);
    },
    current: async () => serviceState(await read()),
    restorable: async (release) => {
      const seen = await read();
      const image = imageNamed(deployable(seen.images), release);
      if (image !== undefined) return { ok: true, artefact: written(repository, image, release) };
      const { release: live, previous } = serviceState(seen);
      return {
        ok: false,
        why: known.has(release) || [live, previous, updateOf(seen.service)?.before.release].includes(release) ? 'pruned' : 'unknown',
      };
    },
    rollTo: async (release, o) => update({ engine, name, repository }, await read(), { release, ...o }),
    freeze: async () => {
      throw new BelayError('BELAY_ACT_FAILED', `${name}: a Swarm has nothing that keeps other deployers out`, {
        hint: 'Stop your deploy job by hand, or leave the step out.',
      });
    },
  } satisfies DeployTarget;
}

interface Place {
  readonly engine: Engine;
  readonly name: string;
  readonly repository: string;
}

/** Nodes find an image by its tag or by its digest, never by an id. */
const deployable = (images: readonly Image[]): readonly Image[] => images.filter((one) => one.tags.length > 0 || one.digest !== '');

/** By digest where a registry gave one: what a tag means may change. */
function written(repository: string, { tags, ref, digest }: Image, release: string): string {
  const tag = tags.includes(release) ? release : tags.includes(ref) ? ref : null;
  return `${repository}${tag === null ? '' : `:${tag}`}${digest === '' ? '' : `@${digest}`}`;
}

/** @throws BELAY_TARGET_UNREACHABLE */
async function look(engine: Engine, name: string, repository: string): Promise<Omit<Seen, 'now'>> {
  const found = await engine.look(`/services/${encodeURIComponent(name)}`);
  if (found === null) {
    const hint = 'See which there are: docker service ls';
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${engine.name}: there is no service ${name}`, { hint });
  }
  const service = serviceIn(found);
  if (service === null) throw unreachable(engine.name, `service ${name} is not described`);
  const filters = encodeURIComponent(JSON.stringify({ service: [service.id] }));
  const tasks = tasksIn(await engine.look(`/tasks?filters=${filters}`));
  if (tasks === null) throw unreachable(engine.name, 'the list of tasks is not a list, or is too long');
  return { service, tasks, images: await imagesOf(engine, repository), repository };
}

type Order = Parameters<DeployTarget['rollTo']>[1] & { readonly release: string };

async function update({ engine, name, repository }: Place, seen: Seen, { release, expected, key, reason }: Order): Promise<void> {
  const { service, images } = seen;
  const [state, mine] = [serviceState(seen), updateOf(service)];
  if (mine?.key === key && mine.release === release && state.gaveUp === undefined) return;
  // While an update of ours is on its way the state has the fingerprint of before, which only the same order may use.
  if (state.fingerprint !== expected || (state.inFlight !== undefined && expected !== fingerprintOf(service)))
    throw conflict(name, `it is ${state.release} (${state.fingerprint}), not ${expected}`);
  const image = imageNamed(deployable(images), release);
  if (image === undefined)
    throw new BelayError('BELAY_RELEASE_NOT_RESTORABLE', `there is no image ${repository}:${release} any more`, {
      hint: `See which there are: docker images ${repository}`,
    });
  const { fingerprint, changedAt, previous } = state;
  const template = fieldsIn(service.spec['TaskTemplate']);
  const body = {
    ...service.spec,
    Labels: labelsOfUpdate(fieldsIn(service.spec['Labels']), {
      key,
      release,
      reason,
      before: { release: state.release, fingerprint, changedAt, previous },
    }),
    TaskTemplate: {
      ...template,
      ContainerSpec: { ...fieldsIn(template['ContainerSpec']), Image: written(repository, image, release) },
    },
  };
  const refused = await engine.change('POST', `/services/${service.id}/update?version=${service.version}`, { body });
  if (refused === null) return;
  // Measured: a stale version is answered with 500.
  if (/out of sequence/i.test(refused.said) || refused.status === 404) throw conflict(name, refused.said);
  throw failed(`service ${name}: ${refused.said}`, refused.status < 500 ? 'none' : 'unknown');
}

const conflict = (name: string, what: string): BelayError =>
  new BelayError('BELAY_TARGET_CONFLICT', `service ${name}: ${what}`, { hint: 'Somebody else has deployed in between: plan again.' });
