// Synthetic customers over HTTP and in a browser: one step after the other, each until what must come of it has come. Every run writes under
// an id of its own, so that what it finds is its own. Secrets are filled in where they are sent.
import { BelayError } from '../../domain/errors.ts';
import { ANSWER_NAMES } from '../../domain/probe-point.ts';
import { jsonWithin } from '../../domain/received.ts';
import { filledJson, filledText, type Given, type RequestStep, type SyntheticSpec, savedAt } from '../../domain/synthetic.ts';
import type { Browsers } from '../../ports/browser.ts';
import type { Expression } from '../../ports/expression.ts';
import type { Http, HttpRequest } from '../../ports/http.ts';
import type { SyntheticRun, Synthetics } from '../../ports/rehearsed.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { Time } from '../../ports/time.ts';
import { type Browsing, inBrowser } from './browse.ts';

interface SyntheticDeps {
  readonly http: Http;
  readonly browsers: Browsers;
  readonly expression: Expression;
  readonly secrets: Pick<Secrets, 'fill' | 'masked'>;
  readonly time: Time;
}

const LONGEST_BODY = 64 * 1024;
const SHOWN_BODY = 200;

export function createSynthetics(specs: readonly SyntheticSpec[], deps: SyntheticDeps): Synthetics {
  const of = (id: string): SyntheticSpec => {
    const spec = specs.find((one) => one.id === id);
    if (spec !== undefined) return spec;
    throw new BelayError('BELAY_NOT_FOUND', `there is no synthetic ${id}`, {
      hint: `Known: ${specs.map((one) => one.id).join(', ') || 'none'}. They stand in belay.yaml under synthetics.`,
    });
  };
  return { steps: (id) => of(id).steps.length, run: (id) => play(of(id), deps) };
}

async function play(spec: SyntheticSpec, deps: SyntheticDeps): Promise<SyntheticRun> {
  const run = `belay-${deps.time.uuid()}`;
  const began = deps.time.monotonicMs();
  const given: Record<string, string> = { run };
  const end = (of: Came, more: Pick<SyntheticRun, 'shots' | 'notes'> = {}): SyntheticRun => ({
    ...{ ...of, ...more, run },
    tookMs: deps.time.monotonicMs() - began,
  });
  if (spec.browser === undefined || spec.steps.every((step) => step.does === 'request'))
    return end(await playSteps(spec, { spec, deps, given }));
  const { came, pictured } = await inBrowser({ ...spec, browser: spec.browser }, deps, (browsing) =>
    playSteps(spec, { spec, deps, given, browsing }),
  );
  return end(came, pictured);
}

type Came = Pick<SyntheticRun, 'passed' | 'failedAt' | 'why'>;

async function playSteps({ steps }: SyntheticSpec, playing: Playing): Promise<Came> {
  for (const [passed, step] of steps.entries()) {
    const why = step.does === 'request' ? await carryOut(step, playing) : ((await playing.browsing?.carryOut(step, playing.given)) ?? null);
    if (why !== null) return { passed, failedAt: step.name, why: await playing.deps.secrets.masked(why) };
  }
  return { passed: steps.length, failedAt: '', why: '' };
}

interface Playing {
  readonly spec: SyntheticSpec;
  readonly deps: SyntheticDeps;
  /** What is known so far; saved answers are added. */
  readonly given: Record<string, string>;
  /** Where a step is done in a browser. */
  readonly browsing?: Browsing;
}

/** Null: what must come of it came. */
async function carryOut(step: RequestStep, { spec, deps, given }: Playing): Promise<string | null> {
  const { time } = deps;
  const end = time.monotonicMs() + step.withinMs;
  const request = await requestOf(step, given, spec.timeoutMs, deps);
  for (;;) {
    const why = await once(step, request, deps, given);
    if (why === null) break;
    if (time.monotonicMs() + step.everyMs > end) return why;
    await time.sleep(step.everyMs);
  }
  for (const until = time.monotonicMs() + step.forMs; time.monotonicMs() < until; ) {
    await time.sleep(step.everyMs);
    const why = await once(step, request, deps, given);
    if (why !== null) return `it did not stay so: ${why}`;
  }
  return null;
}

async function once(
  step: RequestStep,
  request: HttpRequest,
  { http, expression }: SyntheticDeps,
  given: Record<string, string>,
): Promise<string | null> {
  const answer = await http.request(request);
  const json = jsonWithin(answer.body) ?? null;
  const values = { status: answer.status, body: answer.body.slice(0, LONGEST_BODY), json, latencyMs: answer.tookMs };
  const found = expression.evaluate(step.expect, ANSWER_NAMES, values);
  const said = `status ${answer.status}, ${JSON.stringify(answer.body.slice(0, SHOWN_BODY))}`;
  if (!found.ok) return `${found.why}; ${said}`;
  if (found.value !== true) return `not so: ${step.expect}; ${said}`;
  for (const [name, path] of Object.entries(step.save)) {
    const value = savedAt(path, { json, headers: answer.headers });
    if (value === null) return `the answer has no ${path}; ${said}`;
    // Of a cookie what is sent back, without what the browser is told about it.
    given[`saved.${name}`] = path === 'header.set-cookie' ? (value.split(';')[0] ?? '') : value;
  }
  return null;
}

async function requestOf(step: RequestStep, given: Given, timeoutMs: number, { secrets }: SyntheticDeps): Promise<HttpRequest> {
  const fill = (text: string): Promise<string> => secrets.fill(filledText(text, given));
  const headers = Object.fromEntries(
    await Promise.all(Object.entries(step.headers).map(async ([name, value]) => [name.toLowerCase(), await fill(value)] as const)),
  );
  const url = await fill(step.url);
  const { method } = step;
  if (step.json !== undefined) {
    // In JSON a secret is escaped as JSON escapes it.
    const body = JSON.stringify(await filledDeep(filledJson(step.json, given), secrets));
    return { method, url, headers: { 'content-type': 'application/json', ...headers }, body, timeoutMs };
  }
  if (step.form !== undefined) {
    const pairs = await Promise.all(Object.entries(step.form).map(async ([name, value]) => [name, await fill(value)]));
    const body = new URLSearchParams(pairs as [string, string][]).toString();
    return { method, url, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body, timeoutMs };
  }
  return { method, url, headers, timeoutMs };
}

async function filledDeep(value: unknown, secrets: Pick<Secrets, 'fill'>): Promise<unknown> {
  if (typeof value === 'string') return secrets.fill(value);
  if (Array.isArray(value)) return Promise.all(value.map((one) => filledDeep(one, secrets)));
  if (value === null || typeof value !== 'object') return value;
  const pairs = Object.entries(value).map(async ([key, one]) => [key, await filledDeep(one, secrets)] as const);
  return Object.fromEntries(await Promise.all(pairs));
}
