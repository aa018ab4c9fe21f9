// What belay.yaml demands of deploys: that it can be met, and that what is run proves something about the target that it is run for.
import type { DeployPolicy } from '../domain/deploy-policy.ts';
import { deployTrigger } from '../domain/deploy-policy.ts';
import type { ProxySpec } from '../domain/proxy-catalog.ts';
import { changesProduction } from '../domain/synthetic.ts';
import { demandKnown } from './lint-names.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import { entryAt } from './read.ts';
import type { Span } from './source-text.ts';

export function lintDeployPolicies(context: LintContext, problems: Problems): void {
  const all = context.system.policy?.deploys ?? [];
  for (const policy of all) lintPolicy(policy, all, context, problems);
}

function lintPolicy(policy: DeployPolicy, all: readonly DeployPolicy[], context: LintContext, problems: Problems): void {
  const { target, stagedOn } = policy;
  const at = (...path: readonly string[]) => entryAt(context.drafts.system.value, ['policy', 'deploys', target, ...path]);
  demandKnown({ rule: 'unknown-target', what: 'target', name: target, known: context.known.targets, span: at().keySpan }, problems);
  const own = deployTrigger(target);
  if (context.drafts.system.triggers.some((one) => one.rule.id === own))
    problems.error('deploy-policy', at().keySpan, `${own} is the name of a trigger of yours and of Belay's, for deploys of ${target}`, {
      hint: 'Give yours another name.',
    });
  if (stagedOn !== undefined) lintStaging({ target, stagedOn, span: at('stagedOn').value.span }, all, context, problems);
  lintSmoke(policy, { all, span: at('smoke').value.span }, context, problems);
}

/** Where nothing is tested nothing is proven, and no release would ever get through. */
function lintStaging(
  { target, stagedOn, span }: { readonly target: string; readonly stagedOn: string; readonly span: Span },
  all: readonly DeployPolicy[],
  { known }: LintContext,
  problems: Problems,
): void {
  if (!demandKnown({ rule: 'unknown-target', what: 'target', name: stagedOn, known: known.targets, span }, problems)) return;
  if (stagedOn === target) problems.error('deploy-policy', span, `${target} cannot be its own staging target`);
  else if (all.find((one) => one.target === stagedOn)?.smoke === undefined)
    problems.error('deploy-policy', span, `nothing is tested on ${stagedOn}, so nothing could ever go live on ${target}`, {
      hint: `Add "${stagedOn}: { smoke: { suite: <id> } }" under policy: deploys.`,
    });
}

/** A suite that asks production about a release on staging proves nothing, and the other way round. */
function lintSmoke(
  { target, stagedOn, smoke }: DeployPolicy,
  { all, span }: { readonly all: readonly DeployPolicy[]; readonly span: Span },
  { known, system }: LintContext,
  problems: Problems,
): void {
  if (smoke === undefined) return;
  const what = smoke.probe === 'smoke' ? 'suite' : 'synthetic';
  const names = smoke.probe === 'smoke' ? known.suites : known.synthetics;
  if (!demandKnown({ rule: `unknown-${what}`, what, name: smoke.of, known: names, span }, problems)) return;
  if (what === 'synthetic') {
    const told = changesProduction(system.synthetics?.find((one) => one.id === smoke.of));
    if (told !== null) problems.error('smoke-readonly', span, `each deploy to ${target} would ${told.what}`, { hint: told.hint });
    return;
  }
  const suite = system.suites?.find((one) => one.id === smoke.of);
  if (suite === undefined) return;
  const isStaging = all.some((one) => one.stagedOn === target);
  const wanted = stagedOn !== undefined ? 'production' : isStaging ? 'staging' : suite.against;
  if (suite.against !== wanted)
    problems.error('deploy-policy', span, `the suite ${suite.id} is run against ${suite.against}, and ${target} is ${wanted}`, {
      hint: `Name a suite with "against: ${wanted}".`,
    });
  if (suite.against === 'production' && !suite.readOnly)
    problems.error('smoke-readonly', span, `the suite ${suite.id} may change things, and would be run after each deploy to production`, {
      hint: 'Say "readOnly: true", if it changes nothing.',
    });
}

/** What a proxy sends to is asked about only where it says which target runs there. */
export function lintProxyTargets(proxy: ProxySpec, { drafts, system }: LintContext, problems: Problems): void {
  const names: readonly string[] = proxy.driver === 'haproxy' ? proxy.servers : Object.keys(proxy.upstreams);
  const at = (...path: readonly string[]) => entryAt(drafts.system.value, ['proxies', proxy.id, ...path]);
  for (const name of Object.keys(proxy.targets ?? {}))
    demandKnown(
      { rule: 'deploy-policy', what: 'name of the proxy', name, known: new Set(names), span: at('targets', name).keySpan },
      problems,
    );
  const staged = new Set((system.policy?.deploys ?? []).flatMap((one) => (one.stagedOn === undefined ? [] : [one.target])));
  const behind = system.targets.filter((one) => staged.has(one.id) && one.component !== undefined && one.component === proxy.component);
  if (proxy.targets !== undefined || behind.length === 0) return;
  const of = behind.map((one) => one.id).join(', ');
  problems.warn(
    'deploy-policy',
    at().keySpan,
    `${proxy.id} sends requests to releases that ${of} would put live only after staging, and nothing asks`,
    {
      hint: `Say which target runs behind each name: targets: { ${names.map((name) => `${name}: <target>`).join(', ')} }.`,
    },
  );
}
