// A past of a trigger in shadow: three times it would have told people. For the tests of the doors that show it.
import type { ShadowDecision } from '../../../src/domain/shadow.ts';
import type { Transition } from '../../../src/domain/trigger.ts';
import type { ShadowStore } from '../../../src/ports/shadow-store.ts';
import type { SignalStore } from '../../../src/ports/signal-store.ts';
import { breachOf } from './deploy.ts';

const MIN = 60_000;
const DAY = 24 * 60 * MIN;

/** Of acme ten days ago (it would have acted), of globex with it, of acme five days ago (it would have asked); and one of now. */
export async function shadowPast(stores: { readonly signals: SignalStore; readonly shadows: ShadowStore }, now: number): Promise<void> {
  const acts = episodeOf('acme', now - 10 * DAY);
  const joins = episodeOf('globex', now - 10 * DAY + 1_000);
  const asks = episodeOf('acme', now - 5 * DAY);
  const fresh = episodeOf('acme', now - 5 * MIN);
  const transitions = [acts, joins, asks, fresh].flatMap(({ scope, since, episode }): Transition[] => [
    breachOf(scope, since + MIN, { episode, since }),
    ...(episode === fresh.episode ? [] : [breachOf(scope, since + 21 * MIN, { episode, since, from: 'breached', to: 'cleared' })]),
  ]);
  await stores.signals.commit({ slots: [], series: [], states: [], transitions });
  const change = { step: 'switch', title: 'Switch', target: 'target:shop', from: 'v1.1.0', to: 'v1.0.0' };
  const open = { guard: 'G2', answer: 'fail', reason: 'G2.no-recent-change', facts: { changedWithinMs: 3_600_000 } } as const;
  await stores.shadows.keep({ ...decisionOf(acts), choice: 'act', reason: '', locality: 'global', changes: [change] });
  await stores.shadows.keep({ ...decisionOf(joins), choice: 'act', reason: 'joins', locality: 'global', joins: acts.episode });
  await stores.shadows.keep({ ...decisionOf(asks), guards: [open, { ...open, guard: 'G1', answer: 'pass', reason: 'G1.act-level' }] });
}

interface Begun {
  readonly scope: string;
  readonly since: number;
  readonly episode: string;
}

export const episodeOf = (scope: string, since: number): Begun => ({ scope, since, episode: `http-5xx/${scope}/${since}` });

function decisionOf({ scope, since, episode }: Begun): ShadowDecision {
  return {
    ...{ trigger: 'http-5xx', scope, episode, since, to: 'breached', at: since + MIN, judgedAt: since + MIN + 500 },
    ...{ locality: 'local', runbook: 'org-rollback', choice: 'ask', reason: 'guard G2', guards: [], changes: [], joins: null },
  };
}
