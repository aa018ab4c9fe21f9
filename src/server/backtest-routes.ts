// The pages of backtests: the screen of a trigger's, and the forms that start, reckon and stop one.
import type { Context, Hono } from 'hono';
import { SETTABLE } from '../config/try-rule.ts';
import { BelayError } from '../domain/errors.ts';
import { MINUTE_MS } from '../domain/minutes.ts';
import { hindrance } from '../flows/rehearse/stand-in.ts';
import { askedFor, backtestBody } from './api-backtest.ts';
import { backtestView } from './backtest-view.ts';
import { type BacktestAsked, type Backtests, DEFAULT_SPAN_MS, type Estimate, type Tried } from './backtests.ts';
import { type Fields, instantOf, oneOf, valid } from './form-fields.ts';
import type { AppEnv } from './guard.ts';
import type { Act, Screen } from './page-door.ts';
import { backtestPath, LONG_MS } from './pages/backtest-form.ts';
import { backtestPage } from './pages/backtest-page.ts';
import { EPISODES_SHOWN } from './pages/backtest-result.ts';
import { type PageDeps, pageContext } from './pages/context.ts';
import type { ReadWorld } from './snapshot.ts';
import { watchedTrigger } from './triggers.ts';

type C = Context<AppEnv>;

export interface BacktestPages extends PageDeps {
  readonly backtests: Backtests;
}

export function mountBacktestPages(app: Hono<AppEnv>, deps: BacktestPages, o: { readonly screen: Screen; readonly act: Act }): void {
  const { world, backtests } = deps;
  app.get('/triggers/:id/backtest', (c) => o.screen(c, 'getBacktest', () => shown(c, deps)));
  app.post('/triggers/:id/backtest', (c) =>
    o.act(c, { operation: 'startBacktest', remembered: false, home: backtestPath(c.req.param('id')) }, async (caller, form) => {
      const asked = askedOf(world, c.req.param('id'), form);
      const estimate = await backtests.estimate(asked);
      if (oneOf(form, 'intent') !== 'start' || isUnseen(form, estimate)) return formPath(asked);
      await backtests.start(caller, asked);
      return 'backtest-started';
    }),
  );
  app.post('/triggers/:id/backtest/stop', (c) =>
    o.act(c, { operation: 'stopBacktest', remembered: false, home: backtestPath(c.req.param('id')) }, async () => {
      await backtests.stop();
      return 'backtest-stopped';
    }),
  );
}

async function shown(c: C, deps: BacktestPages): Promise<string> {
  const { world, backtests } = deps;
  const { system } = world;
  const watched = watchedTrigger(world, c.req.param('id') ?? '');
  const state = backtests.state();
  const last = state.last?.trigger === watched.rule.id ? state.last : null;
  const org = c.req.query('show')?.slice(0, 256);
  const offset = /^\d{1,6}$/.test(c.req.query('offset') ?? '') ? Number(c.req.query('offset')) : 0;
  const rule = c.req.query('rule') === 'written' ? 'written' : undefined;
  const asked = filled(c, deps, watched.rule.id);
  const kind = hindrance(system, watched.rule);
  const [context, view, estimate] = await Promise.all([
    pageContext(c, deps),
    last === null ? null : backtestView(world, last, { rule, org, offset, limit: EPISODES_SHOWN }),
    kind === null ? reckoned(backtests, asked) : null,
  ]);
  return backtestPage(context, { watched, state, asked, estimate, view, org, offset, system, mostMs: backtests.mostMs, hindrance: kind });
}

/** What cannot be reckoned is said when it is sent. */
async function reckoned(backtests: Backtests, asked: BacktestAsked): Promise<Estimate | null> {
  try {
    return await backtests.estimate(asked);
  } catch (error) {
    if (BelayError.is(error, 'BELAY_INPUT_INVALID')) return null;
    throw error;
  }
}

/** The form as the address has it; else as the last one was asked for; else thirty days of everybody. */
function filled(c: C, { world, backtests }: BacktestPages, trigger: string): BacktestAsked {
  const query = (name: string): string | undefined => c.req.query(name)?.slice(0, 256);
  const now = Math.floor(world.time.now() / MINUTE_MS) * MINUTE_MS;
  const { running, last } = backtests.state();
  const before = [running, last].find((one) => one?.trigger === trigger);
  const instant = (name: string): number | undefined => (/^\d{1,15}$/.test(query(name) ?? '') ? Number(query(name)) : undefined);
  const days = /^\d{1,3}$/.test(query('days') ?? '') ? Number(query('days')) * 86_400_000 : undefined;
  const isAsked = days !== undefined || query('of') !== undefined || instant('from') !== undefined;
  if (!isAsked && before != null) return { trigger, from: before.from, to: before.to, org: before.org, set: before.set };
  const to = instant('to') ?? now;
  const set = Object.fromEntries(
    SETTABLE.flatMap((name) => {
      const text = query(name)?.trim().slice(0, 40) ?? '';
      return text === '' ? [] : [[name, text]];
    }),
  );
  return { trigger, from: instant('from') ?? to - (days ?? DEFAULT_SPAN_MS), to, org: query('of') || null, set };
}

function askedOf(world: ReadWorld, trigger: string, form: Fields): BacktestAsked {
  const text = (name: string): string | undefined => oneOf(form, name)?.trim() || undefined;
  const { zone } = world.system;
  const at = (name: string): number | undefined => (text(name) === undefined ? undefined : instantOf(text(name) ?? '', zone));
  const set: Tried = Object.fromEntries(SETTABLE.flatMap((name) => (text(name) === undefined ? [] : [[name, text(name)]])));
  const body = valid(backtestBody, { from: at('from'), to: at('to'), org: text('org'), set });
  return askedFor(world, { trigger, ...body });
}

/** The form again, filled as it was sent. */
function formPath({ trigger, from, to, org, set }: BacktestAsked): string {
  const query = new URLSearchParams({ from: String(from), to: String(to), ...set });
  if (org !== null) query.set('of', org);
  return `${backtestPath(trigger)}?${query.toString()}#new`;
}

/** Somebody who changed the form saw the estimate of another one. */
const isUnseen = (form: Fields, { aboutMs }: Estimate): boolean => aboutMs > LONG_MS && Number(oneOf(form, 'seen') ?? '0') * 1.1 < aboutMs;
