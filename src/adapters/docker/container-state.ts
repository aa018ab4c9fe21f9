// What the containers of one name say about it: which is live, and how far a change of ours has got. The labels of the new container hold
// what was live before, so that a change is picked up again wherever it was cut. Values in, values out.
import type { Instant } from '../../domain/json.ts';
import { type Fields, fieldsIn, isFields, labelText, textIn } from '../../domain/received.ts';
import { OURS } from './container-config.ts';

export interface Before {
  readonly id: string;
  readonly release: string;
  readonly fingerprint: string;
  readonly changedAt: Instant;
  readonly previous: string | null;
  /** It was up: so it shall be again when it is put back. */
  readonly ran: boolean;
  /** What starts it again by itself. */
  readonly restart: Fields;
}

export interface Order {
  readonly key: string;
  readonly release: string;
  readonly before: Before;
}

export interface Box {
  readonly id: string;
  /** Of its image. */
  readonly image: string;
  readonly labels: Fields;
  readonly status: string;
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  readonly isReady: boolean;
  readonly createdAt: Instant;
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
  readonly exitCode: number;
  /** Why it did not start. */
  readonly trouble: string;
  readonly restart: string;
  /** Everything that the engine said. */
  readonly raw: Fields;
}

export type Place = 'live' | 'next' | 'before' | 'failed';
export type Sight = Readonly<Partial<Record<Place, Box>>>;

export const nameOf = (name: string, place: Place): string => (place === 'live' ? name : `${name}-belay-${place}`);

/** `GET /containers/{id}/json`; null when it is none. */
export function boxIn(json: unknown): Box | null {
  const raw = fieldsIn(json);
  const { Id: id, Image: image, State: state, Config: config, HostConfig: host } = raw;
  if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id) || typeof image !== 'string' || !isFields(state)) return null;
  const said = textIn(fieldsIn(state['Health'])['Status']);
  const health = said === 'healthy' || said === 'unhealthy' || said === 'starting' ? said : 'none';
  const status = textIn(state['Status']);
  return {
    id,
    image,
    labels: fieldsIn(fieldsIn(config)['Labels']),
    status,
    health,
    isReady: status === 'running' && (health === 'none' || health === 'healthy'),
    createdAt: timeIn(raw['Created']) ?? 0,
    startedAt: timeIn(state['StartedAt']),
    finishedAt: timeIn(state['FinishedAt']),
    exitCode: typeof state['ExitCode'] === 'number' ? state['ExitCode'] : 0,
    trouble: labelText(state['Error'], 200),
    restart: textIn(fieldsIn(fieldsIn(host)['RestartPolicy'])['Name']),
    raw,
  };
}

/** The engine writes the year 1 for "never". */
function timeIn(value: unknown): Instant | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) && at > 0 ? at : null;
}

export function labelsOfOrder(name: string, { key, release, before }: Order, reason: string): Readonly<Record<string, string>> {
  return {
    [`${OURS}target`]: name,
    [`${OURS}key`]: key,
    [`${OURS}release`]: release,
    [`${OURS}reason`]: labelText(reason),
    [`${OURS}before`]: JSON.stringify(before),
  };
}

/** Null for a container that is not of a change of ours to this name. */
export function orderOf(box: Box | undefined, name: string): Order | null {
  if (box === undefined || box.labels[`${OURS}target`] !== name) return null;
  const [key, release] = [textIn(box.labels[`${OURS}key`]), textIn(box.labels[`${OURS}release`])];
  const before = beforeIn(textIn(box.labels[`${OURS}before`]));
  return key === '' || release === '' || before === null ? null : { key, release, before };
}

function beforeIn(text: string): Before | null {
  try {
    const { id, release, fingerprint, changedAt, previous, ran, restart } = fieldsIn(JSON.parse(text));
    if (typeof id !== 'string' || typeof release !== 'string' || typeof fingerprint !== 'string' || typeof changedAt !== 'number')
      return null;
    return {
      id,
      release,
      fingerprint,
      changedAt,
      previous: typeof previous === 'string' ? previous : null,
      ran: ran === true,
      restart: fieldsIn(restart),
    };
  } catch {
    // Somebody else's label: then it is not ours.
    return null;
  }
}

export type Judged =
  | { readonly kind: 'none' }
  /** `gaveUp`: the last change of ours did not start, and this one was put back. */
  | { readonly kind: 'settled'; readonly live: Box; readonly order: Order | null; readonly gaveUp: Box | null }
  /** `at`: where the new container is by now; at `failed` the old one is on its way back. */
  | {
      readonly kind: 'switching';
      readonly order: Order;
      readonly at: Place;
      readonly ours: Box;
      readonly old: Box;
      readonly oldAt: 'live' | 'before';
    };

export function judge(sight: Sight, name: string): Judged {
  const { live, next, before, failed } = sight;
  const [ofLive, ofNext, ofFailed] = [live, next, failed].map((box) => orderOf(box, name));
  if (live === undefined) {
    if (before !== undefined && next !== undefined && ofNext?.before.id === before.id)
      return { kind: 'switching', order: ofNext, at: 'next', ours: next, old: before, oldAt: 'before' };
    if (before !== undefined && failed !== undefined && ofFailed?.before.id === before.id)
      return { kind: 'switching', order: ofFailed, at: 'failed', ours: failed, old: before, oldAt: 'before' };
    return { kind: 'none' };
  }
  if (before !== undefined && ofLive != null && ofLive.before.id === before.id)
    return { kind: 'switching', order: ofLive, at: 'live', ours: live, old: before, oldAt: 'before' };
  if (next !== undefined && ofNext?.before.id === live.id)
    return { kind: 'switching', order: ofNext, at: 'next', ours: next, old: live, oldAt: 'live' };
  const gaveUp = failed !== undefined && ofFailed?.before.id === live.id ? failed : null;
  return { kind: 'settled', live, order: ofLive ?? null, gaveUp };
}

/** Why a container of ours will not become well; null while it still may. */
export function whyNot(box: Box): string | null {
  if (box.trouble !== '') return box.trouble;
  if (box.health === 'unhealthy') return 'its health check fails';
  if (box.startedAt !== null && !['running', 'restarting', 'created'].includes(box.status)) return `it ended with ${box.exitCode}`;
  return null;
}
