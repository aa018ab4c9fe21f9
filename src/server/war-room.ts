// The war room's routes: pages to read and plain forms to act. Every form goes through the same commands, permissions
// and idempotency as the API.
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { deleteCookie, setCookie } from 'hono/cookie';
import type { Operation } from '../domain/authorization.ts';
import { BelayError } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';
import { reportablesOf } from '../domain/reportable.ts';
import { listSilences } from '../flows/silences.ts';
import type { ApiDeps } from './api.ts';
import { answerBody, approvalBody, evidenceBody, noteBody, reportBody, steerBody } from './api-schemas.ts';
import { mountBacktestPages } from './backtest-routes.ts';
import type { Caller } from './commands.ts';
import { CAPS, fingerprint } from './endpoint.ts';
import { answerFields, type Fields, oneOf, valid } from './form-fields.ts';
import { type AppEnv, cookieName, requireCaller, requireOwnOrigin, requireOwnPage } from './guard.ts';
import type { Act, Acting, Screen } from './page-door.ts';
import { ownPath, pageContext } from './pages/context.ts';
import { incidentPage } from './pages/incident-page.ts';
import { listPage } from './pages/list-page.ts';
import { reportPage } from './pages/report-page.ts';
import { reviewPage } from './pages/review-page.ts';
import { bouncePage, loginPage, problemPage } from './pages/small-pages.ts';
import { permitAnswer, permitDecision } from './permits.ts';
import { problemOf } from './problem.ts';
import { mountRunPages } from './run-routes.ts';
import { mountShadowPages } from './shadow-routes.ts';
import { findIncident, listRows, snapshot } from './snapshot.ts';
import { createThrottle } from './throttle.ts';
import { mountTriggerPages, seriesOfIncident } from './trigger-routes.ts';
import { WORDS } from './words.ts';

type App = Hono<AppEnv>;
type C = Context<AppEnv>;

const NO_STORE = { 'cache-control': 'no-store' } as const;

export function mountWarRoom(app: App, deps: ApiDeps): void {
  app.use('*', bodyLimit({ maxSize: CAPS.writeBytes, onError: () => new Response('too large', { status: 413 }) }));
  mountPages(app, deps);
  const show: Screen = (c, operation, render) => screen(c, deps, operation, render);
  const doors = { screen: show, act: ((c, o, work) => act(c, deps, o, work)) satisfies Act };
  mountTriggerPages(app, deps, show);
  mountBacktestPages(app, deps, doors);
  mountShadowPages(app, deps, doors);
  mountRunPages(app, deps, doors);
  mountLogin(app, deps);
  mountIncidentForms(app, deps);
  mountRunForms(app, deps);
  mountPauseForms(app, deps);
  mountReportForm(app, deps);
}

function mountPages(app: App, deps: ApiDeps): void {
  const { world } = deps;
  app.get('/', (c) =>
    screen(c, deps, 'listIncidents', async () => {
      const [context, rows, triggers, silences] = await Promise.all([
        pageContext(c, deps),
        listRows(world),
        world.readings.views(),
        listSilences(world),
      ]);
      return listPage(context, { rows, triggers, silences, system: world.system });
    }),
  );
  app.get('/report', (c) =>
    screen(c, deps, 'listReportable', async (caller) =>
      reportPage(await pageContext(c, deps), reportablesOf(world.system, caller), world.system.organizations),
    ),
  );
  app.get('/incidents/:id', (c) =>
    screen(c, deps, 'getIncident', async (caller) => {
      const shown = await snapshot(world, c.req.param('id'), caller);
      const series = await seriesOfIncident(world, shown.view.signal);
      return incidentPage(await pageContext(c, deps, shown.view.headline.zone), { ...shown, series }, world.system);
    }),
  );
  app.get('/incidents/:id/review/:approval', (c) =>
    screen(c, deps, 'getIncident', async (caller) => {
      const shown = await snapshot(world, c.req.param('id'), caller);
      return reviewPage(await pageContext(c, deps, shown.view.headline.zone), shown, c.req.param('approval'), world.system);
    }),
  );
}

/** A page for somebody who is known; others are sent to log in, or asked again when a link from elsewhere hid the cookie. */
async function screen(c: C, deps: ApiDeps, operation: Operation, render: (caller: Caller) => Promise<string>): Promise<Response> {
  const caller = c.get('caller');
  if (caller === null) {
    const url = new URL(c.req.url);
    if (c.req.header('sec-fetch-site') === 'cross-site') return c.html(bouncePage(await pageContext(c, deps)), 200, NO_STORE);
    return c.redirect(`/login?next=${encodeURIComponent(ownPath(`${url.pathname}${url.search}`))}`, 302);
  }
  return guarded(c, deps, async () => c.html(await render(requireCaller(c, operation)), 200, NO_STORE));
}

/** Errors as a page that still offers the pause button. */
async function guarded(c: C, deps: ApiDeps, work: () => Promise<Response>, home = '/'): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    const problem = problemOf(error);
    return c.html(problemPage(await pageContext(c, deps), problem, home), problem.status as 400, NO_STORE);
  }
}

function mountLogin(app: App, deps: ApiDeps): void {
  const { auth, world } = deps;
  const throttle = createThrottle(world.time, { tries: 10, withinMs: 60_000 });
  app.get('/login', async (c) => {
    const next = ownPath(c.req.query('next'));
    if (c.get('caller') !== null) return c.redirect(next, 302);
    return c.html(loginPage(await pageContext(c, deps), { next, error: null }), 200, NO_STORE);
  });
  app.post('/login', (c) =>
    guarded(c, deps, async () => {
      requireOwnOrigin(c);
      const form = (await c.req.parseBody()) as Fields;
      const next = ownPath(oneOf(form, 'next'));
      const opened = await auth.logIn(oneOf(form, 'token') ?? '');
      if (opened === null) {
        const slow = !throttle.take();
        return c.html(loginPage(await pageContext(c, deps), { next, error: slow ? 'slow' : 'wrong' }), slow ? 429 : 401, NO_STORE);
      }
      setCookie(c, cookieName(c), opened.session, { path: '/', httpOnly: true, sameSite: 'Strict', maxAge: 7 * 86_400 });
      return c.redirect(next, 303);
    }),
  );
  app.post('/logout', (c) =>
    guarded(c, deps, async () => {
      const form = (await c.req.parseBody()) as Fields;
      requireOwnPage(c, auth, oneOf(form, 'csrf'));
      const session = c.get('session');
      if (session !== null) await auth.logOut(session);
      deleteCookie(c, cookieName(c), { path: '/' });
      return c.redirect('/login', 303);
    }),
  );
}

/** One form: who, from our own page, once per key; then back to the screen with what was done. */
async function act(
  c: C,
  deps: ApiDeps,
  o: Acting,
  work: (caller: Caller, form: Fields, key: string) => Promise<string>,
): Promise<Response> {
  return guarded(
    c,
    deps,
    async () => {
      const caller = requireCaller(c, o.operation);
      const form = (await c.req.parseBody({ all: true })) as Fields;
      requireOwnPage(c, deps.auth, oneOf(form, 'csrf'));
      const key = oneOf(form, 'key') ?? '';
      if (!/^[\x21-\x7e]{8,128}$/.test(key))
        throw new BelayError('BELAY_INPUT_INVALID', 'the form has no key', { hint: 'Load the page again and repeat.' });
      const once = async (): Promise<{ status: number; body: Json }> => ({ status: 303, body: await work(caller, form, key) });
      const { csrf: _csrf, ...request } = form;
      const route = `POST ${c.req.path} ${caller.person}`;
      const answer = o.remembered ? await deps.idempotency.once({ key, route, fingerprint: fingerprint(request) }, once) : await once();
      const done = String(answer.body);
      return c.redirect(done.startsWith('/') ? done : withDone(o.home, done), 303);
    },
    o.home,
  );
}

function withDone(path: string, done: string): string {
  const url = new URL(path, 'http://belay.invalid');
  url.searchParams.set('done', done);
  return `${url.pathname}${url.search}${url.hash}`;
}

const homeOf = (c: C): string => `/incidents/${encodeURIComponent(c.req.param('id') ?? '')}`;

function mountIncidentForms(app: App, deps: ApiDeps): void {
  const { commands, world } = deps;
  const incidentOf = async (c: C): Promise<string> => (await findIncident(world, c.req.param('id') ?? '')).id;
  app.post('/incidents/:id/approvals/:approval', (c) =>
    act(c, deps, { operation: 'decideApproval', remembered: true, home: homeOf(c) }, async (caller, form, key) => {
      const body = valid(approvalBody, {
        decision: oneOf(form, 'decision'),
        planHash: oneOf(form, 'planHash'),
        reason: oneOf(form, 'reason') || undefined,
      });
      const approval = c.req.param('approval');
      const incident = await permitDecision(world, caller, { incident: c.req.param('id'), approval, decision: body.decision });
      await commands.approve(caller, { incident, approval, ...body, key });
      return body.decision === 'grant' ? 'approved' : 'denied';
    }),
  );
  app.post('/incidents/:id/steps/:step', (c) =>
    act(c, deps, { operation: 'answerStep', remembered: true, home: homeOf(c) }, async (caller, form, key) => {
      const body = valid(answerBody, answerFields(form, world.system.zone));
      const step = c.req.param('step');
      const incident = await permitAnswer(world, caller, { incident: c.req.param('id'), step });
      await commands.answer(caller, { incident, step, ...body, key });
      return 'answered';
    }),
  );
  app.post('/incidents/:id/notes', (c) =>
    act(c, deps, { operation: 'addNote', remembered: true, home: homeOf(c) }, async (caller, form, key) => {
      const { lang } = await pageContext(c, deps);
      const body = valid(noteBody, { text: oneOf(form, 'text'), lang });
      await commands.note(caller, { incident: await incidentOf(c), ...body, key });
      return 'noted';
    }),
  );
  app.post('/incidents/:id/evidence', (c) =>
    act(c, deps, { operation: 'keepEvidence', remembered: true, home: homeOf(c) }, async (caller, form, key) => {
      const { text } = valid(evidenceBody, { text: oneOf(form, 'text') });
      await commands.keepEvidence(caller, { incident: await incidentOf(c), evidence: oneOf(form, 'evidence') ?? '', text, key });
      return 'kept';
    }),
  );
  app.post('/incidents/:id/close', (c) =>
    act(c, deps, { operation: 'closeIncident', remembered: true, home: homeOf(c) }, async (caller, _form, key) => {
      await commands.close(caller, { incident: await incidentOf(c), key });
      return 'closed';
    }),
  );
}

/** What an API may ask for besides, such as skipping a step, has no form. */
const steerForm = steerBody.pick({ verb: true, reason: true }).extend({ verb: steerBody.shape.verb.extract(['abort', 'takeOver']) });

function mountRunForms(app: App, deps: ApiDeps): void {
  const { commands, world } = deps;
  app.post('/incidents/:id/run', (c) =>
    act(c, deps, { operation: 'steerRun', remembered: true, home: homeOf(c) }, async (caller, form, key) => {
      const body = valid(steerForm, { verb: oneOf(form, 'verb'), reason: oneOf(form, 'reason')?.trim() || undefined });
      await commands.steer(caller, { incident: (await findIncident(world, c.req.param('id'))).id, ...body, key });
      return body.verb === 'abort' ? 'stopped' : 'taken-over';
    }),
  );
}

function mountReportForm(app: App, deps: ApiDeps): void {
  const { commands, world } = deps;
  app.post('/report', (c) =>
    act(c, deps, { operation: 'makeReport', remembered: true, home: '/' }, async (caller, form) => {
      const asked = { trigger: oneOf(form, 'trigger'), org: oneOf(form, 'org') || undefined, text: oneOf(form, 'text')?.trim() };
      const { trigger, org = '', text } = valid(reportBody, asked);
      // The form shows one list for all: of a trigger without organizations nobody needs to know that it has none.
      const perOrg = world.system.triggers.some((rule) => rule.id === trigger && rule.scope === 'org');
      await commands.report(caller, { trigger, scope: perOrg ? org : '', text });
      return 'reported';
    }),
  );
}

function mountPauseForms(app: App, deps: ApiDeps): void {
  const { commands } = deps;
  const backOf = async (c: C): Promise<string> => ownPath(oneOf((await c.req.parseBody()) as Fields, 'back'));
  app.post('/pause', async (c) =>
    act(c, deps, { operation: 'pause', remembered: false, home: await backOf(c) }, async (caller, form) => {
      const reason = (oneOf(form, 'reason') ?? '').trim().slice(0, 1000);
      await commands.pause(caller, { reason: reason === '' ? WORDS[(await pageContext(c, deps)).lang].pauseDefault : reason });
      return 'paused';
    }),
  );
  app.post('/resume', async (c) =>
    act(c, deps, { operation: 'resume', remembered: false, home: await backOf(c) }, async (caller) => {
      await commands.resume(caller);
      return 'resumed';
    }),
  );
}
