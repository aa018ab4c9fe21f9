// The circuit breaker of one line while it is handed on: read from the store at its begin, kept before anybody acts on what it has become, and
// told when it opens, half-opens or closes. What an answer means for it is domain/breaker.ts.
import { type Answer, type Breaker, breakerAfter, breakerAt, breakersNow, CLOSED, restOf } from '../domain/breaker.ts';
import type { IntakeSpec } from '../domain/intake.ts';
import { formatDuration } from '../domain/time-text.ts';
import type { IntakeStore, Line } from '../ports/intake-store.ts';
import type { Time } from '../ports/time.ts';

export interface BreakerTurn {
  readonly line: Line;
  readonly before: Breaker;
  readonly now: Breaker;
  /** What the receiver said last; '' where time alone did it. */
  readonly said: string;
}

export interface BreakerDeps {
  readonly store: Pick<IntakeStore, 'breakers' | 'keepBreaker'>;
  readonly time: Pick<Time, 'now'>;
  /** It opened, was tried with success, or closed. */
  readonly onBreaker?: (turn: BreakerTurn) => void;
}

export interface BreakerWatch {
  /** How long nothing is tried; 0: a try may be made. What time alone changes is kept and told. */
  rest(): Promise<number>;
  /** How far tries are apart while it is open; null: it is not. */
  openEveryMs(): number | null;
  heard(answer: Answer, said: string): Promise<void>;
}

const NONE: BreakerWatch = { rest: async () => 0, openEveryMs: () => null, heard: async () => undefined };

export async function openLineBreaker(deps: BreakerDeps, { breaker: spec }: IntakeSpec, line: Line): Promise<BreakerWatch> {
  if (spec === undefined) return NONE;
  const { store, time } = deps;
  let known = (await store.breakers()).find((one) => one.intake === line.intake && one.line === line.line)?.breaker ?? CLOSED;
  const become = async (next: Breaker, said: string): Promise<void> => {
    if (next === known) return;
    const before = known;
    await store.keepBreaker(line, next);
    known = next;
    if (before.state !== next.state) deps.onBreaker?.({ line, before, now: next, said });
  };
  return {
    rest: async () => {
      const now = time.now();
      await become(breakerAt(known, spec, now), '');
      return restOf(known, now);
    },
    openEveryMs: () => (known.state === 'open' ? spec.retryAfterMs : null),
    heard: async (answer, said) => {
      const now = time.now();
      await become(breakerAt(known, spec, now), '');
      await become(breakerAfter(known, answer, spec, now), said);
    },
  };
}

/** Lines whose breaker closes by time alone, though nothing waits there. */
export async function closingLines({ store, time }: BreakerDeps, intakes: readonly IntakeSpec[]): Promise<readonly Line[]> {
  if (intakes.every(({ breaker }) => breaker === undefined)) return [];
  const kept = await store.breakers();
  const halfOpen = kept.filter(({ breaker }) => breaker.state === 'half-open');
  return breakersNow(halfOpen, intakes, time.now()).filter(({ breaker }) => breaker.state === 'closed');
}

/** One line for the log. */
export function breakerLine({ line: { intake, line }, now, said }: BreakerTurn): string {
  const of = `intake ${line === '' ? intake : `${intake}/${line}`}`;
  switch (now.state) {
    case 'open':
      return `${of}: the breaker is open, its receiver ${said}; the next try is in ${formatDuration(now.notBefore - now.at, 'en')}`;
    case 'half-open':
      return `${of}: the breaker is half-open, its receiver ${said}`;
    case 'closed':
      return `${of}: the breaker is closed again`;
  }
}
