// What the Docker Engine says of containers, as values and as samples. It trusts no field and judges nothing; it knows no socket.
import { Unusable } from '../../domain/answer.ts';
import type { Instant } from '../../domain/json.ts';
import { fieldsIn, isFields, labelsOf, textIn } from '../../domain/received.ts';
import type { Sample } from '../../domain/signal.ts';

export const MOST_CONTAINERS = 200;
/** Asked to end by Ctrl-C or SIGTERM, and ended by it: nobody's failure. */
const ASKED_TO_END: readonly number[] = [130, 143];
const ID = /^[0-9a-f]{12,64}$/;

export interface Listed {
  readonly id: string;
  readonly name: string;
}

export interface Container extends Listed {
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: Instant;
  readonly restarts: number;
  readonly isRunning: boolean;
  readonly isRestarting: boolean;
  readonly exitCode: number;
  /** Null while it never ended. */
  readonly finishedAt: Instant | null;
  readonly isOutOfMemory: boolean;
  /** Null without a health check. */
  readonly isUnhealthy: boolean | null;
}

/** `GET /containers/json`. @throws Unusable */
export function listedIn(json: unknown): readonly Listed[] {
  if (!Array.isArray(json)) throw new Unusable('the list of containers is not a list');
  return json.map((one, index) => {
    const { Id: id, Names: names } = fieldsIn(one);
    if (typeof id !== 'string' || !ID.test(id)) throw new Unusable(`container ${index} of the list has no id`);
    // Others are the names that legacy links give it.
    const own = (Array.isArray(names) ? names : []).find((name) => typeof name === 'string' && name.lastIndexOf('/') === 0) as
      | string
      | undefined;
    return { id, name: own?.slice(1) ?? id.slice(0, 12) };
  });
}

/** `GET /containers/{id}/json`. @throws Unusable */
export function containerIn(json: unknown, listed: Listed, org: string | undefined): Container {
  const wrong = (what: string): Unusable => new Unusable(`container ${listed.name}: ${what}`);
  const { RestartCount: restarts, State: state, Config: config, Created: created } = fieldsIn(json);
  if (!isFields(state)) throw wrong('State is missing');
  if (typeof restarts !== 'number' || !Number.isSafeInteger(restarts) || restarts < 0) throw wrong('RestartCount is not a number');
  const { ExitCode: exitCode, Health: health } = state;
  if (typeof exitCode !== 'number' || !Number.isSafeInteger(exitCode)) throw wrong('State.ExitCode is not a number');
  if (typeof state['Running'] !== 'boolean') throw wrong('State.Running is neither true nor false');
  const isRestarting = state['Restarting'] === true;
  const words = textIn(fieldsIn(health)['Status']);
  return {
    ...listed,
    labels: labelsIn(listed.name, fieldsIn(fieldsIn(config)['Labels']), org),
    createdAt: timeIn(created) ?? 0,
    restarts,
    isRunning: state['Running'] && !isRestarting && state['Paused'] !== true && state['Dead'] !== true,
    isRestarting,
    exitCode,
    finishedAt: timeIn(state['FinishedAt']),
    isOutOfMemory: state['OOMKilled'] === true,
    isUnhealthy: words === '' || words === 'none' ? null : words === 'unhealthy',
  };
}

/** A task of a Swarm is a new container each time: what stays of its name is the service and the place. */
function labelsIn(name: string, labels: Readonly<Record<string, unknown>>, org: string | undefined): Readonly<Record<string, string>> {
  const own = (key: string): string => (Object.hasOwn(labels, key) ? textIn(labels[key]) : '');
  const task = own('com.docker.swarm.task.name');
  const id = own('com.docker.swarm.task.id');
  return labelsOf({
    container: task !== '' && id !== '' && task.endsWith(`.${id}`) ? task.slice(0, -id.length - 1) : name,
    service: own('com.docker.compose.service') || own('com.docker.swarm.service.name'),
    project: own('com.docker.compose.project') || own('com.docker.stack.namespace'),
    org: org === undefined ? '' : own(org),
  });
}

/** The engine writes the year 1 for "never". */
function timeIn(value: unknown): Instant | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) && at > 0 ? at : null;
}

interface Seen {
  readonly at: Instant;
  /** Exits after it are counted. */
  readonly exitsAfter: Instant;
  /** That must be there. */
  readonly wanted: readonly string[];
}

export function samplesOf(containers: readonly Container[], { at, exitsAfter, wanted }: Seen): readonly Sample[] {
  const newest = new Map<string, Container>();
  for (const one of containers.toSorted((a, b) => a.createdAt - b.createdAt)) newest.set(JSON.stringify(one.labels), one);
  const value = (name: string, labels: Readonly<Record<string, string>>, number: number | boolean): Sample => ({
    kind: 'value',
    name,
    labels,
    at,
    value: Number(number),
  });
  const names = new Set(containers.map((one) => one.name));
  return [
    value('containers', {}, newest.size),
    value('containers_running', {}, [...newest.values()].filter((one) => one.isRunning).length),
    ...wanted.map((name) => value('container_missing', labelsOf({ container: name }), !names.has(name))),
    ...[...newest.values()].flatMap((one): readonly Sample[] => [
      { kind: 'total', name: 'container_restarts', labels: one.labels, at, total: one.restarts },
      value('container_running', one.labels, one.isRunning),
      value('container_failed', one.labels, one.isRestarting ? one.exitCode !== 0 : hasFailed(one)),
      value('container_out_of_memory', one.labels, one.isOutOfMemory),
      ...(one.isUnhealthy === null ? [] : [value('container_unhealthy', one.labels, one.isUnhealthy)]),
    ]),
    ...containers.flatMap((one) => exitOf(one, { at, exitsAfter })),
  ];
}

const hasFailed = (one: Container): boolean =>
  !one.isRunning && !one.isRestarting && one.finishedAt !== null && one.exitCode !== 0 && !ASKED_TO_END.includes(one.exitCode);

/** Those that Docker starts again are counted as restarts. */
function exitOf(one: Container, { at, exitsAfter }: { readonly at: Instant; readonly exitsAfter: Instant }): readonly Sample[] {
  const { finishedAt } = one;
  if (finishedAt === null || finishedAt <= exitsAfter || !hasFailed(one)) return [];
  const id = `${one.id.slice(0, 24)}/${finishedAt}`;
  return [{ kind: 'delta', id, name: 'container_exits', labels: one.labels, at: Math.min(finishedAt, at), delta: 1 }];
}
