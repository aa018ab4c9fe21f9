// Synthetic customers: requests one after the other as a customer's program would send them, or what a customer does in a browser, and what
// must come of each. It sends nothing.
import type { BrowserSpec, BrowserStep } from './browser-step.ts';
import type { Json } from './json.ts';

export interface RequestStep {
  readonly name: string;
  readonly does: 'request';
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `{run}`, `{saved.x}` and `{secret.x}` stand in it and in what follows. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: Json;
  readonly form?: Readonly<Record<string, string>>;
  /** A condition over status, body, json and latencyMs. */
  readonly expect: string;
  /** Name → where in the answer: `json.a.b`, `header.set-cookie`. */
  readonly save: Readonly<Record<string, string>>;
  /** It is asked again until it is so. */
  readonly withinMs: number;
  /** Then it must stay so. */
  readonly forMs: number;
  readonly everyMs: number;
}

export type SyntheticStep = RequestStep | BrowserStep;

export interface SyntheticSpec {
  readonly id: string;
  readonly steps: readonly SyntheticStep[];
  /** Of one request, or of one step of a browser. */
  readonly timeoutMs: number;
  /** Where steps are done in one. */
  readonly browser?: BrowserSpec;
}

export type Given = Readonly<Record<string, string>>;

/** `{run}` and `{saved.x}` filled in, `{secret.x}` left for whoever sends it. */
export const filledText = (text: string, given: Given): string =>
  text.replaceAll(/\{(run|saved\.[a-z][A-Za-z0-9]*)\}/g, (all, name: string) => given[name] ?? all);

export function filledJson(value: Json, given: Given): Json {
  if (typeof value === 'string') return filledText(value, given);
  if (Array.isArray(value)) return value.map((one: Json) => filledJson(one, given));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filledJson(one as Json, given)]));
}

/** A text or a number at its place in an answer; null: there is none. */
export function savedAt(
  path: string,
  answer: { readonly json: unknown; readonly headers: Readonly<Record<string, string>> },
): string | null {
  const [root, ...rest] = path.split('.');
  let value: unknown = root === 'header' ? answer.headers : answer.json;
  for (const key of rest)
    value = typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : null;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value.length <= 8_192 ? value : null;
}

/** What a browser that clicks in production would do without a promise that it changes nothing; null where it may. */
export function changesProduction(spec: SyntheticSpec | undefined): { readonly what: string; readonly hint: string } | null {
  if (spec?.browser?.against !== 'production' || spec.browser.readOnly) return null;
  const step = spec.steps.find((one) => one.does === 'fill' || one.does === 'click');
  if (step === undefined) return null;
  return {
    what: `play the synthetic ${spec.id} in a browser against production (${step.does} in "${step.name}"), and nothing says that it changes nothing there`,
    hint: `If a login is all that comes of it, write "readOnly: true" under synthetics.${spec.id}.browser; otherwise play it against staging.`,
  };
}
