// The routes of runs that are begun by hand: which runbooks there are, what one needs with the plan that comes of it, and the start of exactly
// that plan. The form is kept in its address: nothing that was typed is lost, and a plan can be shown to a colleague.
import type { Context, Hono } from 'hono';
import { mayDo } from '../domain/authorization.ts';
import { BelayError } from '../domain/errors.ts';
import type { Incident } from '../domain/incident.ts';
import type { Runbook } from '../domain/ir.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import type { AskedOverride } from '../flows/overrides.ts';
import type { ReleaseChoice } from '../flows/release-choice.ts';
import type { Caller, Commands } from './commands.ts';
import { type Fields, oneOf } from './form-fields.ts';
import type { AppEnv } from './guard.ts';
import type { Act, Screen } from './page-door.ts';
import { type PageDeps, pageContext } from './pages/context.ts';
import { runFormPage, type Shown } from './pages/run-form.ts';
import { type RunbookRow, runbooksPage } from './pages/runbooks-page.ts';
import { FIELD, OVERRIDE, readInputs } from './run-inputs.ts';
import type { ReadWorld } from './snapshot.ts';

type C = Context<AppEnv>;

export interface RunPages extends PageDeps {
  readonly commands: Pick<Commands, 'plan' | 'releaseChoices' | 'startRun'>;
}

export const runbookPath = (id: string): string => `/runbooks/${encodeURIComponent(id)}`;

export function mountRunPages(app: Hono<AppEnv>, deps: RunPages, o: { readonly screen: Screen; readonly act: Act }): void {
  app.get('/runbooks', (c) => o.screen(c, 'listRunbooks', async () => runbooksPage(await pageContext(c, deps), await rowsOf(deps.world))));
  app.get('/runbooks/:id', (c) => o.screen(c, 'makePlan', (caller) => formOf(c, deps, caller)));
  app.post('/runbooks/:id/runs', async (c) => {
    const id = c.req.param('id');
    const fields = await c.req.parseBody({ all: true });
    const texts = textsOf(deps.world.runbooks[id]?.runbook, (name) => oneOf(fields, name));
    const query = new URLSearchParams({
      ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [`${FIELD}${name}`, text])),
      plan: '1',
    });
    const asked = `${runbookPath(id)}?${query.toString()}`;
    return o.act(c, { operation: 'startRun', remembered: true, home: asked }, async (caller, form, key) => {
      const { runbook } = runbookOf(deps.world, id);
      const { values, problems } = readInputs(runbook, texts, deps.world.system);
      if (Object.keys(problems).length > 0) return asked;
      const incident = await deps.commands.startRun(caller, {
        runbook: id,
        inputs: values,
        planHash: oneOf(form, 'planHash'),
        override: overridesIn(form),
        key,
      });
      return `/incidents/${encodeURIComponent(incident.id)}?done=run-started`;
    });
  });
}

const overridesIn = (form: Fields): readonly AskedOverride[] =>
  Object.keys(form).flatMap((field) => {
    const reason = field.startsWith(OVERRIDE) ? (oneOf(form, field)?.trim() ?? '') : '';
    return reason === '' ? [] : [{ guard: field.slice(OVERRIDE.length), reason: reason.slice(0, 1_000) }];
  });

/** What was typed into each field, as it was. */
const textsOf = (runbook: Runbook | undefined, field: (name: string) => string | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.keys(runbook?.inputs ?? {}).flatMap((name) => {
      const text = field(`${FIELD}${name}`);
      return text === undefined ? [] : [[name, text.slice(0, 2_000)]];
    }),
  );

function runbookOf(world: ReadWorld, id: string): { readonly runbook: Runbook } {
  const found = Object.hasOwn(world.runbooks, id) ? world.runbooks[id] : undefined;
  if (found !== undefined) return found;
  throw new BelayError('BELAY_NOT_FOUND', `There is no runbook ${id}.`, {
    hint: `Runbooks: ${Object.keys(world.runbooks).join(', ') || 'none'}`,
  });
}

async function rowsOf(world: ReadWorld): Promise<readonly RunbookRow[]> {
  const incidents = await world.incidents.list({ limit: 200 });
  const newest = (id: string, isDrill: boolean): Incident | null =>
    incidents
      .filter((one) => one.runbook === id && one.planHash !== null && (one.kind === 'drill') === isDrill)
      .toSorted((a, b) => b.number - a.number)[0] ?? null;
  return Object.values(world.runbooks)
    .map(({ runbook }) => ({ runbook, lastRun: newest(runbook.id, false), lastDrill: newest(runbook.id, true) }))
    .toSorted((a, b) => a.runbook.title.localeCompare(b.runbook.title));
}

async function formOf(c: C, deps: RunPages, caller: Caller): Promise<string> {
  const { world, commands } = deps;
  const { runbook } = runbookOf(world, c.req.param('id') ?? '');
  const texts = textsOf(runbook, (name) => c.req.query(name));
  const isAsked = c.req.query('plan') === '1' || Object.keys(runbook.inputs).length === 0;
  const { values, problems } = readInputs(runbook, texts, world.system);
  const isRight = Object.keys(problems).length === 0;
  const [choices, planned] = await Promise.all([
    choicesOf(runbook, values, commands),
    isAsked && isRight ? planOf(runbook.id, values, commands) : null,
  ]);
  const shown: Shown = {
    runbook,
    texts,
    problems: isAsked ? problems : {},
    choices,
    planned,
    mayStart: mayDo('startRun', caller).allowed,
    system: world.system,
  };
  return runFormPage(await pageContext(c, deps), shown);
}

/** Null: they cannot be listed, and are typed. */
async function choicesOf(
  runbook: Runbook,
  values: JsonObject,
  commands: Pick<Commands, 'releaseChoices'>,
): Promise<readonly ReleaseChoice[] | null> {
  if (!Object.values(runbook.inputs).some((one) => one.type === 'release')) return [];
  const others = Object.entries(values).filter(([name]) => runbook.inputs[name]?.type !== 'release');
  try {
    return await commands.releaseChoices({ runbook: runbook.id, inputs: Object.fromEntries(others) });
  } catch (error) {
    if (BelayError.is(error)) return null;
    throw error;
  }
}

async function planOf(runbook: string, inputs: JsonObject, { plan }: Pick<Commands, 'plan'>): Promise<Plan | BelayError> {
  try {
    return await plan({ runbook, inputs });
  } catch (error) {
    if (BelayError.is(error)) return error;
    throw error;
  }
}
