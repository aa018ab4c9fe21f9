// A call of an action or a probe against the catalog: does it exist, are its arguments there, known, and of their types?
import type { ParamSpec } from '../domain/catalog.ts';
import type { InputSpec, InputType, Runbook } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { findQuery, specOfQuery } from '../domain/named-query.ts';
import { nearest } from '../domain/nearest.ts';
import { whyNotRebuilt } from '../domain/service-catalog.ts';
import { isPulled, type SourceSpec } from '../domain/source-catalog.ts';
import { changesProduction } from '../domain/synthetic.ts';
import { DURATION_FORM, durationMeant, PERCENT_FORM, parseDuration, parsePercent } from '../domain/units.ts';
import type { RunbookDraft } from './draft.ts';
import { lintLiteral } from './lint-commands.ts';
import { demandKnown } from './lint-names.ts';
import { demandRefs, hasRef } from './lint-refs.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import { entryAt } from './read.ts';
import type { Span } from './source-text.ts';
import type { Value } from './yaml.ts';

export interface Call {
  readonly kind: 'action' | 'probe' | 'runbook';
  readonly name: string;
  readonly args: JsonObject;
  readonly nameSpan: Span;
  /** The mapping that has the `with` of this call. */
  readonly value: Value;
  readonly draft: RunbookDraft;
  readonly context: LintContext;
  readonly problems: Problems;
  /** What an `each` calls its organization. */
  readonly as?: string;
}

/** Keys that belong beside `with` and are sometimes written under it. */
const BESIDE = new Set([
  'undo',
  'irreversible',
  'verify',
  'contingency',
  'timeout',
  'retry',
  'takes',
  'fail',
  'meets',
  'evidence',
  'expect',
  'when',
  'who',
]);

export function lintArguments(call: Call): void {
  const { kind, name, args, context, problems } = call;
  if (name === '') return;
  const specs = specsOf(call);
  const spec = Object.hasOwn(specs, name) ? specFor(call, specs[name]) : undefined;
  if (spec === undefined) {
    demandKnown({ rule: `unknown-${kind}`, what: kind, name, known: new Set(Object.keys(specs)), span: call.nameSpan }, problems);
  } else {
    for (const key of Object.keys(args)) lintKey(key, spec.params, call);
    lintMissing(spec.params, call);
  }
  for (const [key, value] of Object.entries(args)) {
    const at = argumentSpan(call, key);
    lintValue(spec?.params[key], value, { ...call, key, at });
    walkTexts(value, [key], (text, path) => {
      lintLiteral(text, entryAt(withOf(call), path).value.span, problems);
      demandRefs(text, {
        span: entryAt(withOf(call), path).value.span,
        draft: call.draft,
        context,
        problems,
        release: kind === 'action' && (args['target'] !== undefined || args['database'] !== undefined),
        ...(call.as === undefined ? {} : { as: call.as }),
        secrets: spec?.params[key]?.secrets === true,
      });
    });
  }
}

/** What a named query takes besides; one that is none is told here. */
function specFor({ kind, name, args, context, problems, value, nameSpan }: Call, spec: Spec | undefined): Spec | undefined {
  const base = kind === 'probe' && name === 'sql' ? context.probes['sql'] : undefined;
  if (base === undefined || typeof args['query'] !== 'string' || hasRef(args['query'])) return spec;
  const found = findQuery(context.system, args);
  if (found !== null) return specOfQuery(base, found.query);
  const { databases = [] } = context.system;
  const owners = databases.filter(({ queries }) => Object.hasOwn(queries, String(args['query'])));
  const at = value.kind === 'map' ? entryAt(value, ['with', 'query']).value.span : nameSpan;
  if (owners.length > 1 && args['database'] === undefined)
    problems.error('missing-argument', at, `${owners.map(({ id }) => id).join(' and ')} both have a query ${args['query']}`, {
      hint: 'Add it under with: database: <id>.',
    });
  else {
    const known = databases.filter(({ id }) => args['database'] === undefined || args['database'] === id);
    const names = new Set(known.flatMap(({ queries }) => Object.keys(queries)));
    demandKnown({ rule: 'unknown-query', what: 'query', name: args['query'], known: names, span: at }, problems);
  }
  // Nothing can be said of the rest.
  return { params: { ...base.params, ...Object.fromEntries(Object.keys(args).map((key) => [key, base.params[key] ?? ANYTHING])) } };
}

const ANYTHING: ParamSpec = { type: 'any' };

function withOf(call: Call): Value {
  return entryAt(call.value, ['with']).value;
}

function argumentSpan(call: Call, key: string): Span {
  return entryAt(withOf(call), [key]).value.span;
}

function lintKey(key: string, params: Readonly<Record<string, ParamSpec>>, call: Call): void {
  if (Object.hasOwn(params, key)) return;
  const span = entryAt(withOf(call), [key]).keySpan;
  if (BESIDE.has(key)) {
    call.problems.error('misplaced-key', span, `${key} stands under with`, {
      hint: `It belongs beside with: begin it in the same column as "with:".`,
    });
    return;
  }
  const absent = Object.keys(params).filter((one) => !(one in call.args));
  call.problems.error('unknown-argument', span, `${call.name} takes no argument ${key}`, {
    expected: namesOf(params),
    didYouMean: nearest(key, absent),
    known: absent,
  });
}

function namesOf(params: Readonly<Record<string, ParamSpec>>): string {
  const names = Object.entries(params).map(([name, spec]) => (spec.required === true ? name : `${name} (optional)`));
  return names.length === 0 ? 'no arguments' : `arguments ${names.join(', ')}`;
}

interface Spec {
  readonly params: Readonly<Record<string, ParamSpec>>;
}
type Specs = Readonly<Record<string, Spec>>;

function specsOf({ kind, context }: Call): Specs {
  if (kind !== 'runbook') return kind === 'action' ? context.actions : context.probes;
  return Object.fromEntries(context.drafts.runbooks.map(({ runbook }) => [runbook.id, { params: paramsOf(runbook) }]));
}

/** The inputs of a runbook, as arguments of a call of it. */
function paramsOf({ inputs }: Runbook): Readonly<Record<string, ParamSpec>> {
  const type = (one: InputType): ParamSpec['type'] => (one === 'time' || one === 'backup' || one === 'component' ? 'string' : one);
  const spec = (one: InputSpec): ParamSpec => ({
    type: type(one.type),
    ...(one.required && one.default === undefined ? { required: true } : {}),
    ...(one.oneOf === undefined ? {} : { oneOf: one.oneOf.map(String) }),
  });
  return Object.fromEntries(Object.entries(inputs).map(([name, one]) => [name, spec(one)]));
}

/** An argument that is there under a misspelt name has been told already. */
function lintMissing(params: Readonly<Record<string, ParamSpec>>, call: Call): void {
  const odd = Object.keys(call.args).filter((key) => !Object.hasOwn(params, key));
  for (const [name, spec] of Object.entries(params)) {
    if (spec.required !== true || name in call.args || odd.some((key) => nearest(key, [name]) !== null)) continue;
    // A value that could not be read has been told, too.
    const body = withOf(call);
    if (body.kind === 'map' && body.entries.some((entry) => entry.key === name)) continue;
    call.problems.error('missing-argument', call.nameSpan, `${call.name} needs the argument ${name}`, {
      hint: `Add it under with: ${name}: <${spec.type}>.`,
    });
  }
}

interface Argument extends Call {
  readonly key: string;
  readonly at: Span;
}

interface Form {
  readonly expected: string;
  is(value: Json): boolean;
}
const TEXT: Form = { expected: 'a text', is: (value) => typeof value === 'string' };
const isMapping = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Arguments that are judged by their form alone; those of the other types name something. */
const FORMS = {
  string: TEXT,
  release: TEXT,
  int: { expected: 'a whole number', is: (value) => Number.isInteger(value) },
  number: { expected: 'a number', is: (value) => typeof value === 'number' },
  bool: { expected: 'true or false', is: (value) => typeof value === 'boolean' },
  share: {
    expected: PERCENT_FORM,
    is: (value) => (typeof value === 'string' || typeof value === 'number') && parsePercent(String(value)).ok,
  },
  list: { expected: 'a list', is: (value) => Array.isArray(value) },
  value: { expected: 'a text, a number, true or false', is: isPlain },
  values: {
    expected: 'a mapping of keys and plain values, such as { CACHE_MODE: aggressive }',
    is: (value) => isMapping(value) && Object.values(value).every((one) => one === null || isPlain(one)),
  },
  url: {
    expected: 'an address that begins with http:// or https://',
    is: (value) => typeof value === 'string' && /^https?:\/\/\S+$/.test(value),
  },
  object: { expected: 'a mapping', is: isMapping },
  any: { expected: 'anything', is: () => true },
} as const satisfies Partial<Record<ParamSpec['type'], Form>>;
const isFormed = (type: ParamSpec['type']): type is keyof typeof FORMS => type in FORMS;

function lintValue(spec: ParamSpec | undefined, value: Json, argument: Argument): void {
  if (spec === undefined || (typeof value === 'string' && hasRef(value))) return;
  const { problems, at, key } = argument;
  const wrong = (expected: string, more: { didYouMean?: string | null; hint?: string; known?: readonly string[] } = {}): void =>
    problems.error('wrong-argument', at, `${key} is ${JSON.stringify(value)}`, { expected, ...more });
  if (spec.oneOf !== undefined && !spec.oneOf.includes(String(value))) {
    wrong(`one of ${spec.oneOf.join(', ')}`, { didYouMean: nearest(String(value), spec.oneOf), known: spec.oneOf });
    return;
  }
  const { type } = spec;
  if (isFormed(type)) {
    const { is, expected }: Form = FORMS[type];
    if (!is(value)) wrong(expected, type === 'string' && typeof value === 'number' ? { hint: `Quote it: "${value}".` } : {});
    return;
  }
  switch (type) {
    case 'duration':
      if (typeof value !== 'string' || !parseDuration(value).ok)
        problems.error('duration', at, `${key} is ${JSON.stringify(value)}`, {
          expected: DURATION_FORM,
          didYouMean: durationMeant(String(value)),
        });
      return;
    case 'suite':
      lintName('suite', value, argument);
      lintSuite(value, argument);
      return;
    case 'synthetic':
      lintName('synthetic', value, argument);
      lintBrowsed(value, argument);
      return;
    case 'source':
      lintSource(spec, value, argument);
      return;
    case 'service':
      lintName('service', value, argument);
      if (spec.anew === true) lintAnew(value, argument);
      return;
    case 'org':
    case 'target':
    case 'switch':
    case 'proxy':
    case 'integration':
    case 'intake':
    case 'database':
    case 'trigger':
    case 'window':
    case 'secret':
    case 'bucket':
    case 'flag':
    case 'config':
      lintName(type, value, argument);
  }
}

/** Tests that write must not meet customers. */
function lintSuite(value: Json, { context, problems, at, name }: Argument): void {
  const suite = context.system.suites?.find((one) => one.id === value);
  if (suite === undefined || suite.readOnly || suite.against !== 'production') return;
  problems.error(
    'smoke-readonly',
    at,
    `${name} would run the suite ${suite.id} against production, and nothing says that it changes nothing there`,
    {
      hint: `If that is so, write "readOnly: true" under suites.${suite.id}; otherwise run it against staging.`,
    },
  );
}

function lintAnew(value: Json, { context, problems, at, name }: Argument): void {
  const service = context.system.services?.find((one) => one.id === value);
  const why = service === undefined ? null : whyNotRebuilt(service);
  if (why !== null)
    problems.error('wrong-argument', at, `${name}: ${String(value)} cannot be kept and made anew: ${why}`, {
      expected: 'a service of driver railway that is called by its name and has keep and identity',
      hint: 'docs/services/railway.md shows one.',
    });
}

/** Neither must a browser that clicks, unless somebody promises that a login is all that comes of it. */
function lintBrowsed(value: Json, { context, problems, at, name }: Argument): void {
  const told = changesProduction(context.system.synthetics?.find((one) => one.id === value));
  if (told === null) return;
  problems.error('smoke-readonly', at, `${name} would ${told.what}`, { hint: told.hint });
}

/** One that Belay reads, of the driver that the probe needs. With `optional` it may be left out of belay.yaml. */
function lintSource({ drivers }: ParamSpec, value: Json, argument: Argument): void {
  const { args, context, problems, at, key, name } = argument;
  if (args['optional'] === true && typeof value === 'string' && !context.known.sources.has(value)) return;
  lintName('source', value, argument);
  const fits = (one: SourceSpec): boolean => (drivers === undefined ? isPulled(one) : drivers.includes(one.driver));
  const source = context.system.sources.find((one) => one.id === value);
  if (source === undefined || fits(source)) return;
  const fitting = context.system.sources.filter(fits);
  problems.error('wrong-argument', at, `${key} is ${JSON.stringify(value)}, whose driver is ${source.driver}`, {
    expected: drivers === undefined ? 'a source that Belay reads itself' : `a source of driver ${drivers.join(' or ')}`,
    hint:
      fitting.length === 0
        ? `The probe ${name} reads what such a source reads: add one under sources.`
        : `Such are: ${fitting.map((one) => one.id).join(', ')}.`,
  });
}
function isPlain(value: Json): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

const LISTS = {
  org: 'organizations',
  target: 'targets',
  switch: 'switches',
  proxy: 'proxies',
  service: 'services',
  integration: 'integrations',
  intake: 'intakes',
  database: 'databases',
  trigger: 'triggers',
  source: 'sources',
  window: 'windows',
  secret: 'secrets',
  suite: 'suites',
  synthetic: 'synthetics',
  bucket: 'buckets',
  flag: 'flags',
  config: 'configs',
} as const;

function lintName(type: keyof typeof LISTS, value: Json, { problems, at, key, context }: Argument): void {
  if (typeof value !== 'string') {
    problems.error('wrong-argument', at, `${key} is ${JSON.stringify(value)}`, { expected: 'a text' });
    return;
  }
  const what = type === 'org' ? 'organization' : type;
  demandKnown({ rule: `unknown-${what}`, what, name: value, known: context.known[LISTS[type]], span: at }, problems);
}

export function walkTexts(
  value: Json,
  path: readonly (string | number)[],
  visit: (text: string, path: readonly (string | number)[]) => void,
): void {
  if (typeof value === 'string') visit(value, path);
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) walkTexts(item, [...path, index], visit);
  else if (value !== null && typeof value === 'object')
    for (const [key, inner] of Object.entries(value)) walkTexts(inner, [...path, key], visit);
}
