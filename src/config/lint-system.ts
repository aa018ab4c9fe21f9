// Inside belay.yaml: what its parts say of one another.
import { BUCKET_DRIVERS } from '../domain/bucket-catalog.ts';
import { CHANNEL_DRIVERS } from '../domain/channel-catalog.ts';
import { corroboratorsOf } from '../domain/corroboration.ts';
import { DATABASE_DRIVERS, type DatabaseSpec } from '../domain/database-catalog.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { DriverOptions } from '../domain/driver-options.ts';
import { INTEGRATION_DRIVERS } from '../domain/integration-catalog.ts';
import type { OwnActionSpec } from '../domain/own-action.ts';
import { ANSWER_NAMES, parsePoint } from '../domain/probe-point.ts';
import { PROXY_DRIVERS } from '../domain/proxy-catalog.ts';
import { SECRET_DRIVERS } from '../domain/secret-catalog.ts';
import { SERVICE_DRIVERS } from '../domain/service-catalog.ts';
import { CONFIG_DRIVERS, FLAG_DRIVERS } from '../domain/setting-catalog.ts';
import { SOURCE_DRIVERS } from '../domain/source-catalog.ts';
import { SWITCH_DRIVERS } from '../domain/switch-catalog.ts';
import type { SyntheticSpec } from '../domain/synthetic.ts';
import { TARGET_DRIVERS } from '../domain/target-catalog.ts';
import { lintDeployPolicies, lintProxyTargets } from './lint-deploys.ts';
import { demandKnown } from './lint-names.ts';
import { spanInScalar } from './lint-refs.ts';
import type { DrivenSpec, LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import { collectProblems } from './problems.ts';
import { entryAt } from './read.ts';
import type { Span } from './source-text.ts';

type Path = readonly (string | number)[];

export function lintSystemParts(context: LintContext): readonly Diagnostic[] {
  const { drafts, known, system } = context;
  const problems = collectProblems(drafts.source);
  const at = (path: Path): Span => entryAt(drafts.system.value, path).value.span;
  const demand = (what: keyof typeof WORDS, name: string, path: Path): void => {
    demandKnown({ rule: `unknown-${WORDS[what]}`, what: WORDS[what], name, known: known[what], span: at(path) }, problems);
  };

  for (const one of system.components) {
    for (const [index, name] of one.dependsOn.entries()) demand('components', name, ['components', one.id, 'dependsOn', index]);
    demand('triggers', one.downWhen ?? '', ['components', one.id, 'downWhen']);
  }
  for (const one of system.targets) demand('components', one.component ?? '', ['targets', one.id, 'component']);
  for (const one of system.switches) demand('components', one.component ?? '', ['switches', one.id, 'component']);
  for (const one of system.intakes ?? []) demand('components', one.component ?? '', ['intake', one.id, 'component']);
  for (const one of system.proxies ?? []) {
    demand('components', one.component ?? '', ['proxies', one.id, 'component']);
    for (const [name, target] of Object.entries(one.targets ?? {})) demand('targets', target, ['proxies', one.id, 'targets', name]);
    lintProxyTargets(one, context, problems);
  }
  for (const one of system.services ?? []) demand('components', one.component ?? '', ['services', one.id, 'component']);
  for (const one of system.integrations ?? []) demand('components', one.component ?? '', ['integrations', one.id, 'component']);
  for (const one of system.flags ?? []) demand('components', one.component ?? '', ['flags', one.id, 'component']);
  for (const one of system.config ?? []) demand('components', one.component ?? '', ['config', one.id, 'component']);
  for (const one of system.channels)
    for (const [index, name] of one.dependsOn.entries()) demand('components', name, ['channels', one.id, 'dependsOn', index]);
  for (const one of system.people)
    for (const [index, name] of one.roles.entries()) demand('roles', name, ['people', one.id, 'roles', index]);
  for (const one of system.audiences)
    for (const [index, name] of (one.roles ?? []).entries()) demand('roles', name, ['audiences', one.id, 'roles', index]);
  for (const one of system.audiences)
    for (const [index, { channel }] of one.channels.entries())
      demand('channels', channel, ['audiences', one.id, 'channels', index, 'channel']);
  for (const [severity, policy] of Object.entries(system.severities)) {
    for (const name of Object.keys(policy.updates))
      demandAudience(name, entryAt(drafts.system.value, ['severities', severity, 'updates', name]).keySpan, context, problems);
  }
  for (const [id, clock] of Object.entries(system.clocks)) {
    demand('roles', clock.escalateTo ?? '', ['clocks', id, 'onBreach']);
    lintClockStops(id, context, problems);
  }
  for (const source of system.sources) if ('corroboratedBy' in source) lintCorroboration(source, context, problems);
  for (const source of system.sources)
    if (source.driver !== 'http') lintOptions({ what: 'source', spec: source }, context, problems);
    else if (source.expect !== undefined) lintExpect(source, source.expect, context, problems);
  for (const one of system.synthetics ?? []) lintSynthetic(one, context, problems);
  for (const one of system.actions ?? []) lintOwnAction(one, context, problems);
  for (const spec of system.targets) lintOptions({ what: 'target', spec }, context, problems);
  for (const spec of system.switches) lintOptions({ what: 'switch', spec }, context, problems);
  for (const spec of system.proxies ?? []) lintOptions({ what: 'proxy', spec }, context, problems);
  for (const spec of system.services ?? []) lintOptions({ what: 'service', spec }, context, problems);
  for (const spec of system.integrations ?? []) lintOptions({ what: 'integration', spec }, context, problems);
  for (const spec of system.databases ?? []) {
    demand('components', spec.component ?? '', ['databases', spec.id, 'component']);
    demand('targets', spec.target ?? '', ['databases', spec.id, 'target']);
    lintFiles(spec, context, problems);
    lintOptions({ what: 'database', spec }, context, problems);
  }
  for (const spec of system.flags ?? []) lintOptions({ what: 'flag', spec }, context, problems);
  for (const spec of system.config ?? []) lintOptions({ what: 'config', spec }, context, problems);
  for (const spec of system.channels) lintOptions({ what: 'channel', spec }, context, problems);
  for (const spec of system.secrets ?? []) lintOptions({ what: 'secret', spec }, context, problems);
  for (const spec of system.buckets ?? []) lintOptions({ what: 'bucket', spec }, context, problems);
  lintDeployPolicies(context, problems);
  return problems.found;
}

/** What only the adapter knows of its options: of those that could be read, because the others have been told. */
function lintOptions(one: DrivenSpec, context: LintContext, problems: Problems): void {
  const { what, spec } = one;
  const options = Object.entries(optionsOf(one));
  if (options.some(([key, { required }]) => required === true && !Object.hasOwn(spec, key))) return;
  const problem = context.driverProblem(one);
  if (problem === null) return;
  const why = problem.message.replace(/^\w+ \S+: /, '');
  const at = (path: readonly string[]) => entryAt(context.drafts.system.value, [PLACES[what], spec.id, ...path]);
  const [named = ''] = /^\w+(?=:)/.exec(why) ?? [];
  const span = options.some(([key]) => key === named) ? at([named]).value.span : at([]).keySpan;
  problems.error(`${what}-option`, span, `the ${what} ${spec.id}: ${why}`, problem.hint === undefined ? {} : { hint: problem.hint });
}

const PLACES = {
  source: 'sources',
  target: 'targets',
  switch: 'switches',
  proxy: 'proxies',
  service: 'services',
  integration: 'integrations',
  database: 'databases',
  flag: 'flags',
  config: 'config',
  channel: 'channels',
  secret: 'secrets',
  bucket: 'buckets',
} as const;

function optionsOf({ what, spec }: DrivenSpec): DriverOptions {
  if (what === 'source') return SOURCE_DRIVERS[spec.driver].options;
  if (what === 'target') return TARGET_DRIVERS[spec.driver];
  if (what === 'proxy') return PROXY_DRIVERS[spec.driver];
  if (what === 'service') return SERVICE_DRIVERS[spec.driver];
  if (what === 'integration') return INTEGRATION_DRIVERS[spec.driver];
  if (what === 'secret') return SECRET_DRIVERS[spec.driver];
  if (what === 'bucket') return BUCKET_DRIVERS[spec.driver];
  if (what === 'database') return DATABASE_DRIVERS[spec.driver];
  if (what === 'flag') return FLAG_DRIVERS[spec.driver];
  if (what === 'config') return CONFIG_DRIVERS[spec.driver];
  return what === 'switch' ? SWITCH_DRIVERS[spec.driver] : CHANNEL_DRIVERS[spec.driver];
}

/** A file says by a query of its database that it has done its work. */
function lintFiles({ id, files, queries }: DatabaseSpec, { drafts }: LintContext, problems: Problems): void {
  for (const [name, { applied }] of Object.entries(files)) {
    if (Object.hasOwn(queries, applied) && queries[applied]?.gives['applied'] === 'bool') continue;
    const { span } = entryAt(drafts.system.value, ['databases', id, 'files', name, 'applied']).value;
    problems.error('query', span, `${applied} is no query of ${id} that gives applied: bool`, {
      hint: 'Belay believes no answer of the file itself: the query looks whether its work is done.',
    });
  }
}

const WORDS = { components: 'component', roles: 'role', channels: 'channel', triggers: 'trigger', targets: 'target' } as const;

/** Conditions of a synthetic customer, and what its requests name. */
function lintSynthetic({ id, steps }: SyntheticSpec, context: LintContext, problems: Problems): void {
  const saved = new Set<string>(['run']);
  for (const [index, step] of steps.entries()) {
    const { span } = entryAt(context.drafts.system.value, ['synthetics', id, 'steps', index, 'expect']).value;
    const told = step.does === 'request' ? context.check(step.expect, ANSWER_NAMES, 'bool') : [];
    for (const { message, hint } of told) problems.error('condition', span, message, { hint });
    const at = entryAt(context.drafts.system.value, ['synthetics', id, 'steps', index]).value.span;
    for (const [, name = ''] of JSON.stringify(step).matchAll(/\{(run|saved\.\w+|secret\.[\w-]+)\}/g)) {
      const isThere = name.startsWith('secret.') ? context.known.secrets.has(name.slice(7)) : saved.has(name);
      if (!isThere)
        problems.error('unknown-ref', at, `{${name}} stands for nothing`, {
          expected: [...saved].map((one) => `{${one}}`).join(', '),
          hint: name.startsWith('secret.') ? 'Secrets stand under secrets.' : 'An earlier step gives it with save.',
        });
    }
    if (step.does === 'request') for (const name of Object.keys(step.save)) saved.add(`saved.${name}`);
  }
}

/** What a probe demands of an answer: a condition, and a point that gives answers. */
function lintExpect(
  source: { readonly id: string; readonly points: readonly string[] },
  expect: string,
  context: LintContext,
  problems: Problems,
): void {
  const { span } = entryAt(context.drafts.system.value, ['sources', source.id, 'expect']).value;
  for (const { message, offset, rule, hint } of context.check(expect, ANSWER_NAMES, 'bool')) {
    const place = spanInScalar(problems.source, span, expect, offset, 1);
    problems.error(rule === undefined || rule === 'type' || rule === 'syntax' ? 'condition' : rule, place, message, { hint });
  }
  if (!source.points.some((point) => parsePoint(point)?.kind === 'http'))
    problems.error('condition', span, `the source ${source.id} has no point that gives an answer of http`, {
      hint: 'Remove expect, or add a point that begins with http:// or https://.',
    });
}

/** What an action of the user's own asks of an answer. */
function lintOwnAction({ id, observe, reached, state }: OwnActionSpec, context: LintContext, problems: Problems): void {
  const wanted = [
    [['observe', 'expect'], observe.expect, 'bool'],
    [['reached'], reached, 'bool'],
    [['state'], state, 'string'],
  ] as const;
  for (const [path, source, type] of wanted) {
    if (source === undefined) continue;
    const { span } = entryAt(context.drafts.system.value, ['actions', id, ...path]).value;
    for (const { message, offset, rule, hint } of context.check(source, ANSWER_NAMES, type)) {
      const place = spanInScalar(problems.source, span, source, offset, 1);
      problems.error(rule === undefined || rule === 'type' || rule === 'syntax' ? 'condition' : rule, place, message, { hint });
    }
  }
}

/** What confirms an unsigned sender must be counted by Belay itself. */
function lintCorroboration(
  { id, corroboratedBy }: { readonly id: string; readonly corroboratedBy?: string },
  { drafts, system }: LintContext,
  problems: Problems,
): void {
  if (corroboratedBy === undefined || corroboratorsOf(system, corroboratedBy).length > 0) return;
  const { span } = entryAt(drafts.system.value, ['sources', id, 'corroboratedBy']).value;
  problems.error('corroboration', span, `nothing that Belay counts itself is called ${corroboratedBy}`, {
    hint: 'Name a trigger over a probe, or over sources that Belay reads (its signal lists them), or such a source.',
  });
}

function demandAudience(name: string, span: Span, { known }: LintContext, problems: Problems): void {
  demandKnown({ rule: 'unknown-audience', what: 'audience', name, known: known.audiences, span }, problems);
}

/** A clock that nothing stops runs out in every incident. */
function lintClockStops(id: string, context: LintContext, problems: Problems): void {
  const { drafts, system } = context;
  const stopped =
    (system.clocks[id]?.until.length ?? 0) > 0 ||
    drafts.runbooks.some((draft) => !draft.complete || [...draft.steps.values()].some(({ step }) => step.meets.includes(id)));
  if (stopped) return;
  const { keySpan } = entryAt(drafts.system.value, ['clocks', id]);
  problems.error('clock-unstopped', keySpan, `nothing stops the clock ${id}`, {
    hint: `Add "until: [phase.mitigated]", or "meets: [${id}]" to a step.`,
  });
}
