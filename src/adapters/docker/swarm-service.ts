// A service of a Swarm as something that runs: its tasks are begun anew, or become so many, each by an update with the version that was
// looked at, so that Swarm itself refuses what came in between. Its image stays as it is.
import { BelayError } from '../../domain/errors.ts';
import type { Fields } from '../../domain/received.ts';
import { fieldsIn, textIn } from '../../domain/received.ts';
import type { ServiceOptions } from '../../domain/service-catalog.ts';
import type { Http } from '../../ports/http.ts';
import type { ServiceControl, ServiceOrder, ServiceState, ServiceUnit } from '../../ports/service-control.ts';
import type { Time } from '../../ports/time.ts';
import { OURS } from './container-config.ts';
import { failed, openEngine, unreachable } from './engine.ts';
import { type Service, serviceIn } from './service-state.ts';

const DRIVER = 'docker-service';
const MOST_TASKS = 1_000;
/** How many ran when Belay stopped it: in the service's own labels, which change no task. */
const REPLICAS = `${OURS}replicas`;

/** @throws BELAY_CONFIG_INVALID */
export function createSwarmService(
  options: ServiceOptions<'docker-service'>,
  { http, time }: { readonly http: Http; readonly time: Pick<Time, 'now'> },
) {
  const { service: name } = options;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(name))
    throw new BelayError('BELAY_CONFIG_INVALID', `driver ${DRIVER}: service: it is the name of a service, such as shop_web`);
  const engine = openEngine(DRIVER, options, http);
  const find = async (): Promise<Service> => {
    const json = await engine.look(`/services/${encodeURIComponent(name)}`);
    if (json === null)
      throw new BelayError('BELAY_TARGET_UNREACHABLE', `${engine.name}: there is no service ${name}`, {
        hint: 'See which there are: docker service ls',
      });
    const service = serviceIn(json);
    if (service === null) throw unreachable(engine.name, `service ${name} is not described`);
    return service;
  };
  const look = async (): Promise<ServiceState> => {
    const service = await find();
    const filters = encodeURIComponent(JSON.stringify({ service: [service.id] }));
    const units = unitsIn(await engine.look(`/tasks?filters=${filters}`));
    if (units === null) throw unreachable(engine.name, 'the list of tasks is not a list, or is too long');
    return { at: time.now(), units, wanted: service.replicas ?? units.length, restarts: null };
  };
  const update = async ({ seen }: ServiceOrder, change: (service: Service) => Fields): Promise<void> => {
    const service = await find();
    if (service.replicas !== null && service.replicas !== seen.wanted) throw conflict(name, `it should run ${service.replicas} units`);
    const body = { ...service.spec, ...change(service) };
    const refused = await engine.change('POST', `/services/${service.id}/update?version=${service.version}`, { body });
    if (refused === null) return;
    // Measured: a stale version is answered with 500.
    if (/out of sequence/i.test(refused.said) || refused.status === 404) throw conflict(name, refused.said);
    throw failed(`service ${name}: ${refused.said}`, refused.status < 500 ? 'none' : 'unknown');
  };
  const scaled = (service: Service, to: number): Fields => {
    if (service.replicas === null) throw failed(`service ${name}: it runs once on each node, and in no other number`, 'none');
    return { Mode: { Replicated: { Replicas: to } } };
  };
  return {
    compareAndSet: 'native',
    verbs: ['restart', 'stop', 'start', 'scale'],
    look,
    restart: (o) => update(o, ({ spec }) => ({ TaskTemplate: begunAnew(fieldsIn(spec['TaskTemplate'])) })),
    stop: (o) =>
      update(o, (service) => ({
        ...scaled(service, 0),
        Labels: { ...fieldsIn(service.spec['Labels']), [REPLICAS]: String(service.replicas ?? 1) },
      })),
    start: (o) => update(o, (service) => scaled(service, before(service, name))),
    scale: (to, o) => update(o, (service) => scaled(service, to)),
  } satisfies ServiceControl;
}

/** Swarm replaces every task when this number changes. */
function begunAnew(template: Fields): Fields {
  const { ForceUpdate: forced } = template;
  return { ...template, ForceUpdate: (typeof forced === 'number' ? forced : 0) + 1 };
}

/** @throws BELAY_ACT_FAILED where nobody knows how many it were */
function before({ spec, replicas }: Service, name: string): number {
  if (replicas !== null && replicas > 0) return replicas;
  const written = Number(textIn(fieldsIn(spec['Labels'])[REPLICAS]));
  if (Number.isInteger(written) && written > 0) return written;
  throw new BelayError('BELAY_ACT_FAILED', `service ${name}: Belay did not stop it, so it does not know how many units it had`, {
    effect: 'none',
    hint: 'Say the number: service.scale with to.',
  });
}

/** `GET /tasks`: those that shall run; null when it is no list of tasks. Each task lives once. */
function unitsIn(json: unknown): readonly ServiceUnit[] | null {
  if (!Array.isArray(json) || json.length > MOST_TASKS) return null;
  return json
    .map((one) => fieldsIn(one))
    .filter((task) => ['running', 'ready'].includes(textIn(task['DesiredState'])) && isComing(task))
    .map((task) => {
      const { State: state, Timestamp: at } = fieldsIn(task['Status']);
      const startedAt = Date.parse(textIn(at));
      const id = textIn(task['ID']).slice(0, 64);
      return { id, life: id, ready: state === 'running', startedAt: Number.isFinite(startedAt) ? startedAt : null };
    });
}

const isComing = (task: Fields): boolean =>
  !['complete', 'failed', 'shutdown', 'rejected', 'orphaned', 'remove'].includes(textIn(fieldsIn(task['Status'])['State']));

const conflict = (name: string, what: string): BelayError =>
  new BelayError('BELAY_TARGET_CONFLICT', `service ${name}: ${what}`, { hint: 'Somebody else has changed it in between: plan again.' });
