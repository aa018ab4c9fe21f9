// The outbox in memory: the same automaton and the same events as the real one, on the disk of a world.
import { mayMove } from '../../domain/delivery.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { Delivery, DeliveryState } from '../../domain/message.ts';
import { storable } from '../../domain/storable.ts';
import type { DeliveryFacts, Outbox } from '../../ports/outbox.ts';
import type { DeliveryRow, VirtualStoreDeps } from './store-tables.ts';
import { applyChange, copy, rowOf, tablesOf } from './store-tables.ts';

export interface VirtualOutboxDeps extends VirtualStoreDeps {
  /** Which process this is; a new one by default. */
  readonly process?: string;
  /** Default: this process is the only one alive. */
  readonly isAlive?: (process: string) => boolean;
}

const COUNTED: readonly DeliveryState[] = ['sent', 'delivered', 'ambiguous'];

export function createVirtualOutbox(deps: VirtualOutboxDeps): Outbox {
  const tables = tablesOf(deps.disk);
  const self = deps.process ?? `process ${tables.nextProcess++}`;
  const isAlive = deps.isAlive ?? ((process) => process === self);
  const rows = (): DeliveryRow[] => [...tables.deliveries.values()].sort((a, b) => a.order - b.order);
  const write = async <T>(method: string, work: () => T): Promise<T> => {
    await deps.kill?.at(`store:${method}:before`);
    const result = work();
    await deps.kill?.at(`store:${method}:after`);
    return copy(result);
  };
  const read = async <T>(work: () => T): Promise<T> => {
    await deps.kill?.gate?.();
    return copy(work());
  };
  return {
    claim: (now, { limit, deadline, except = [] }) => {
      const due = rows().filter(
        ({ delivery }) => delivery.state === 'planned' && delivery.dueAt <= now && !except.includes(delivery.channel),
      );
      // An idle look is not a boundary.
      if (due.length === 0) return read(() => []);
      return write('claim', () =>
        due
          .sort(byDue)
          .slice(0, limit)
          .filter(({ delivery }) => delivery.state === 'planned')
          .map((row) => claim(row, now, deadline, self)),
      );
    },
    expire: (now) => {
      const lost = ({ delivery, claimedBy }: DeliveryRow): boolean =>
        delivery.state === 'sending' && ((delivery.deadline ?? 0) <= now || !isAlive(claimedBy ?? ''));
      if (!rows().some(lost)) return read(() => []);
      return write('expire', () =>
        rows()
          .filter(lost)
          .map((row) => {
            const reason = (row.delivery.deadline ?? 0) <= now ? 'deadline' : 'process-lost';
            moveRow(deps, row, 'ambiguous', { at: now, reason });
            return row.delivery;
          }),
      );
    },
    ambiguous: (before) =>
      read(() =>
        rows()
          .filter(({ delivery }) => delivery.state === 'ambiguous' && Math.max(delivery.deadline ?? 0, delivery.dueAt) <= before)
          .map((row) => row.delivery),
      ),
    move: (id, to, facts) => write('move', () => moveTo(deps, id, to, facts)).then(() => undefined),
    ofIncident: (incident) =>
      read(() =>
        rows()
          .map((row) => row.delivery)
          .filter((one) => one.incident === incident),
      ),
    countSince: (channel, to, since) =>
      read(
        () =>
          rows().filter(
            ({ delivery: one, attemptedAt }) =>
              one.channel === channel && one.to === to && !one.exempt && COUNTED.includes(one.state) && (attemptedAt ?? 0) >= since,
          ).length,
      ),
  } satisfies Outbox;
}

function moveTo(deps: VirtualOutboxDeps, id: string, to: DeliveryState, facts: DeliveryFacts): void {
  const tables = tablesOf(deps.disk);
  const row = tables.deliveries.get(id);
  if (row === undefined) throw new BelayError('BELAY_NOT_FOUND', `there is no delivery ${id}`);
  const attempt = facts.attempt ?? row.delivery.attempt;
  if (rowOf(tables, row.delivery.incident).keys.has(keyOf(id, attempt, to))) return;
  if (attempt !== row.delivery.attempt) throw conflict(row.delivery, to);
  if (row.delivery.state === to) return;
  // Only a claim has a deadline to give.
  if (to === 'sending' || !mayMove(row.delivery.state, to)) throw conflict(row.delivery, to);
  moveRow(deps, row, to, facts.reason === undefined ? facts : { ...facts, reason: storable(facts.reason) });
}

function byDue(a: DeliveryRow, b: DeliveryRow): number {
  const tried = ({ delivery }: DeliveryRow): number => Number(delivery.attempt > 0);
  return tried(a) - tried(b) || a.delivery.dueAt - b.delivery.dueAt || a.order - b.order;
}

function claim(row: DeliveryRow, now: Instant, deadline: Instant, self: string): Delivery {
  const { reason: _reason, ...rest } = row.delivery;
  row.delivery = { ...rest, state: 'sending', attempt: rest.attempt + 1, deadline };
  row.claimedBy = self;
  row.attemptedAt = now;
  return row.delivery;
}

function moveRow(deps: VirtualStoreDeps, row: DeliveryRow, to: DeliveryState, facts: DeliveryFacts): void {
  const before = row.delivery;
  const { deadline, providerId, reason: _reason, ...rest } = before;
  row.delivery = {
    ...rest,
    state: to,
    dueAt: facts.dueAt ?? (to === 'planned' ? facts.at : before.dueAt),
    resent: facts.resent ?? before.resent,
    ...(to === 'ambiguous' && deadline !== undefined ? { deadline } : {}),
    ...((facts.providerId ?? providerId) === undefined ? {} : { providerId: facts.providerId ?? providerId }),
    ...(facts.reason === undefined ? {} : { reason: facts.reason }),
  } as Delivery;
  row.claimedBy = null;
  applyChange(deps, rowOf(tablesOf(deps.disk), before.incident), {
    key: keyOf(before.id, before.attempt, to),
    events: [
      {
        type: 'comms.changed',
        data: { delivery: before.id, state: to, providerId: facts.providerId ?? null, reason: facts.reason ?? '' },
        at: facts.at,
        actor: { kind: 'engine', id: 'belay' },
      },
    ],
  });
}

const keyOf = (id: string, attempt: number, to: DeliveryState): string => `delivery/${id}/${attempt}/${to}`;

function conflict(delivery: Delivery, to: DeliveryState): BelayError {
  return new BelayError(
    'BELAY_TARGET_CONFLICT',
    `${delivery.id} is ${delivery.state} (attempt ${delivery.attempt}) and cannot become ${to}`,
    {
      hint: 'Another process has moved it; read it again.',
    },
  );
}
