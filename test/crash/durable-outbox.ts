// An outbox on one fsynced log file, for a process that gets killed for real: the automaton of the product, the disk of a test.
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { mayMove } from '../../src/domain/delivery.ts';
import type { Delivery } from '../../src/domain/message.ts';
import type { Outbox } from '../../src/ports/outbox.ts';

interface Line {
  readonly delivery: Delivery;
}

export function readOutboxFile(path: string): readonly Delivery[] {
  const latest = new Map<string, Delivery>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    // A torn last line was never committed.
    if (!line.endsWith('}')) continue;
    try {
      const { delivery } = JSON.parse(line) as Line;
      latest.set(delivery.id, delivery);
    } catch {
      // Torn inside: never committed either.
    }
  }
  return [...latest.values()];
}

export function openDurableOutbox(path: string): Outbox & { close(): void } {
  const rows = new Map(readOutboxFile(path).map((one) => [one.id, one] as const));
  const ofTheDead = new Set([...rows.values()].filter((one) => one.state === 'sending').map((one) => one.id));
  const file = openSync(path, 'a');
  writeSync(file, '\n');
  const commit = (changed: readonly Delivery[]): void => {
    if (changed.length === 0) return;
    writeSync(file, changed.map((delivery) => `${JSON.stringify({ delivery })}\n`).join(''));
    fdatasyncSync(file);
    for (const one of changed) rows.set(one.id, one);
  };
  const all = (): Delivery[] => [...rows.values()];
  return {
    close: () => closeSync(file),
    claim: async (now, { limit, deadline, except = [] }) => {
      const due = all()
        .filter((one) => one.state === 'planned' && one.dueAt <= now && !except.includes(one.channel))
        .slice(0, limit);
      const claimed = due.map((one): Delivery => ({ ...one, state: 'sending', attempt: one.attempt + 1, deadline }));
      commit(claimed);
      return claimed;
    },
    expire: async (now) => {
      const lost = all().filter((one) => one.state === 'sending' && (ofTheDead.has(one.id) || (one.deadline ?? 0) <= now));
      const changed = lost.map((one): Delivery => ({ ...one, state: 'ambiguous', reason: 'process lost' }));
      ofTheDead.clear();
      commit(changed);
      return changed;
    },
    ambiguous: async (before) => all().filter((one) => one.state === 'ambiguous' && Math.max(one.deadline ?? 0, one.dueAt) <= before),
    move: async (id, to, facts) => {
      const before = rows.get(id);
      if (before === undefined || !mayMove(before.state, to)) throw new Error(`${id}: ${before?.state ?? 'missing'} cannot become ${to}`);
      const { at, attempt: _attempt, ...more } = facts;
      commit([{ ...before, ...more, state: to, dueAt: facts.dueAt ?? (to === 'planned' ? at : before.dueAt) }]);
    },
    ofIncident: async () => all(),
    countSince: async () => 0,
  } satisfies Outbox & { close(): void };
}
