// One container as a service: it is restarted, stopped and started by its id, and nothing of it is changed. Whether it is well is told by
// its own health check alone.
import { BelayError } from '../../domain/errors.ts';
import { fieldsIn, textIn } from '../../domain/received.ts';
import type { ServiceOptions } from '../../domain/service-catalog.ts';
import type { Http } from '../../ports/http.ts';
import type { ServiceControl, ServiceState, ServiceUnit } from '../../ports/service-control.ts';
import type { Time } from '../../ports/time.ts';
import { type Engine, failed, openEngine, unreachable } from './engine.ts';

const DRIVER = 'docker-container';
/** Beyond the grace, for the engine itself. */
const SPARE_MS = 30_000;

/** @throws BELAY_CONFIG_INVALID */
export function createContainerService(
  options: ServiceOptions<'docker-container'>,
  { http, time }: { readonly http: Http; readonly time: Pick<Time, 'now'> },
) {
  const { container: name, graceMs } = options;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(name))
    throw new BelayError('BELAY_CONFIG_INVALID', `driver ${DRIVER}: container: it is the name of a container, such as crm-backend`);
  const engine = openEngine(DRIVER, options, http);
  const tell = async (verb: 'restart' | 'stop' | 'start'): Promise<void> => {
    const { id } = await boxNamed(engine, name);
    const grace = verb === 'start' ? '' : `?t=${Math.ceil(graceMs / 1_000)}`;
    const refused = await engine.change('POST', `/containers/${id}/${verb}${grace}`, { timeoutMs: graceMs + SPARE_MS });
    if (refused !== null) throw failed(`container ${name}: ${refused.said}`, refused.status < 500 ? 'none' : 'unknown');
  };
  return {
    compareAndSet: 'none',
    verbs: ['restart', 'stop', 'start'],
    look: async () => {
      const box = await boxNamed(engine, name);
      const units = box.isUp ? [unitOf(box, name)] : [];
      return { at: time.now(), units, wanted: 1, restarts: box.restarts } satisfies ServiceState;
    },
    restart: () => tell('restart'),
    stop: () => tell('stop'),
    start: () => tell('start'),
    scale: async () => {
      throw failed(`container ${name}: there is only one of it`, 'none');
    },
  } satisfies ServiceControl;
}

export interface Box {
  readonly id: string;
  readonly isUp: boolean;
  readonly isReady: boolean;
  readonly startedAt: number | null;
  readonly restarts: number;
}

async function boxNamed(engine: Engine, name: string): Promise<Box> {
  const json = await engine.look(`/containers/${encodeURIComponent(name)}/json`);
  if (json === null)
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${engine.name}: there is no container ${name}`, {
      hint: 'See which there are: docker ps -a',
    });
  const box = boxIn(json);
  if (box === null) throw unreachable(engine.name, `container ${name} is not described`);
  return box;
}

/** `GET /containers/{id}/json`; null when it is none. */
export function boxIn(json: unknown): Box | null {
  const { Id: id, State: state, RestartCount: restarts } = fieldsIn(json);
  const { Running: running, Restarting: restarting, Paused: paused, StartedAt: startedAt, Health: health } = fieldsIn(state);
  if (typeof id !== 'string' || !/^[0-9a-f]{12,64}$/.test(id) || typeof running !== 'boolean') return null;
  const at = Date.parse(textIn(startedAt));
  const wellness = textIn(fieldsIn(health)['Status']);
  return {
    id,
    isUp: running || restarting === true,
    isReady: running && restarting !== true && paused !== true && ['', 'none', 'healthy'].includes(wellness),
    startedAt: Number.isFinite(at) && at > 0 ? at : null,
    restarts: typeof restarts === 'number' && Number.isSafeInteger(restarts) && restarts >= 0 ? restarts : 0,
  };
}

/** Each start of a container has a time of its own, to the nanosecond. */
export function unitOf({ id, startedAt, isReady }: Box, name: string): ServiceUnit {
  return { id: name, life: `${id.slice(0, 12)}@${startedAt ?? 0}`, ready: isReady, startedAt };
}
