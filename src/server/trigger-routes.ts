// The pages of triggers: the list, and the signal card of one. They are read only.
import type { Context, Hono } from 'hono';
import { BelayError } from '../domain/errors.ts';
import type { SignalView } from '../domain/incident-view-signal.ts';
import { SHOWN_STATES, type ShownState } from '../domain/trigger-list.ts';
import { explain } from './explain.ts';
import type { AppEnv } from './guard.ts';
import type { Screen } from './page-door.ts';
import { type PageDeps, pageContext } from './pages/context.ts';
import { triggerPage } from './pages/trigger-page.ts';
import { isFiltered, ROWS, triggersPage } from './pages/triggers-page.ts';
import type { ReadWorld } from './snapshot.ts';
import { listTriggers, oneTrigger, type TriggerSeries, triggerSeries } from './triggers.ts';

type C = Context<AppEnv>;

export function mountTriggerPages(app: Hono<AppEnv>, deps: PageDeps, screen: Screen): void {
  const { world } = deps;
  app.get('/triggers', (c) =>
    screen(c, 'listTriggers', async () => {
      const filter = { trigger: queryOf(c, 'trigger'), org: queryOf(c, 'org'), state: stateOf(queryOf(c, 'state')) };
      const rows = isFiltered(filter) ? { limit: ROWS.filtered, offset: offsetOf(c) } : { limit: 0, offset: 0, perTrigger: ROWS.shown };
      const [context, list] = await Promise.all([pageContext(c, deps), listTriggers(world, { ...filter, ...rows })]);
      return triggersPage(context, { list, filter, system: world.system });
    }),
  );
  app.get('/triggers/:id', (c) =>
    screen(c, 'getTrigger', async () => {
      const id = c.req.param('id');
      const [context, one] = await Promise.all([pageContext(c, deps), oneTrigger(world, id, queryOf(c, 'org'))]);
      const org = one.row?.scope;
      const [series, explained] = await Promise.all([seriesOrNull(world, id, org), explain(world, { of: id, org })]);
      return triggerPage(context, { one, series, explanation: explained.explanations[0] ?? null, system: world.system });
    }),
  );
}

/** An incident is shown whether or not the history of its signal can be read. */
export function seriesOfIncident(world: ReadWorld, signal: SignalView | null): Promise<TriggerSeries | null> {
  return signal === null ? Promise.resolve(null) : seriesOrNull(world, signal.trigger, signal.scope);
}

async function seriesOrNull(world: ReadWorld, trigger: string, org: string | undefined): Promise<TriggerSeries | null> {
  try {
    return await triggerSeries(world, trigger, { org });
  } catch (error) {
    // Its kind keeps none, nothing was counted yet, or the store does not answer: the figures of now are shown all the same.
    if (BelayError.is(error)) return null;
    throw error;
  }
}

/** An empty field of a form asks for nothing. */
const queryOf = (c: C, name: string): string | undefined => {
  const text = c.req.query(name)?.trim().slice(0, 256);
  return text === undefined || text === '' ? undefined : text;
};

const stateOf = (text: string | undefined): ShownState | undefined => SHOWN_STATES.find((state) => state === text);

function offsetOf(c: C): number {
  const text = c.req.query('offset') ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : 0;
}
