// The lint: what the files say of one another. Reading has told what is wrong inside each; here nothing is parsed again.
import { ACTIONS, PROBES } from '../domain/catalog.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { hasErrors, sortDiagnostics } from '../domain/diagnostic.ts';
import { linkRunbook, MOST_STEPS } from '../domain/link-runbooks.ts';
import { catalogOf } from '../domain/own-action.ts';
import type { RunbookDraft } from './draft.ts';
import type { Files } from './files.ts';
import { lintCommands } from './lint-commands.ts';
import { lintConditions } from './lint-conditions.ts';
import { lintFreezes } from './lint-freezes.ts';
import { lintFrontMatter, lintReview } from './lint-front-matter.ts';
import { lintProse } from './lint-prose.ts';
import { lintClaimsOfTemplates, lintRecoveryPoints, lintRecoveryTime } from './lint-recovery.ts';
import { lintRunPolicy } from './lint-run.ts';
import { lintSecrets, secretsIn } from './lint-secrets.ts';
import { lintSteps } from './lint-steps.ts';
import { lintSystemParts } from './lint-system.ts';
import { lintTemplates } from './lint-templates.ts';
import { lintTriggers } from './lint-triggers.ts';
import type { Known, LintContext, LintTools } from './lint-types.ts';
import type { Environment, LoadedRunbook, LoadedSystem } from './load.ts';
import { loadSystem } from './load.ts';
import type { Problems } from './problems.ts';
import { collectProblems } from './problems.ts';
import type { SystemDraft } from './schema.ts';
import { entriesOf } from './schema.ts';

/** Only what the lint itself finds; what reading found stands in `loaded.diagnostics`. Without a readable belay.yaml nothing can be compared. */
export function lintSystem(loaded: LoadedSystem, tools: LintTools): readonly Diagnostic[] {
  const { drafts } = loaded;
  const found = [...lintSecrets(drafts)];
  if (drafts.system !== null) {
    const context: LintContext = {
      ...tools,
      actions: { ...(tools.actions ?? ACTIONS), ...catalogOf(drafts.system.system.actions ?? []) },
      probes: tools.probes ?? PROBES,
      drafts: { ...drafts, system: drafts.system },
      system: drafts.system.system,
      known: knownOf(drafts.system),
    };
    found.push(...lintSystemParts(context), ...lintTriggers(context), ...lintTemplates(context), ...lintClaimsOfTemplates(context));
    const problems = collectProblems(drafts.source);
    lintRecoveryPoints(context, problems);
    found.push(...problems.found);
    for (const draft of drafts.runbooks) found.push(...lintRunbook(draft, context));
  }
  return sortDiagnostics(found);
}

export function lintRunbook(draft: RunbookDraft, context: LintContext): readonly Diagnostic[] {
  const problems = collectProblems(draft.problems.source);
  lintFrontMatter(draft, context, problems);
  lintSteps(draft, context, problems);
  lintConditions(draft, context, problems);
  lintRecoveryTime(draft, context, problems);
  lintFreezes(draft, context, problems);
  lintWords(draft, context, problems);
  return problems.found;
}

/** What can be said of a runbook without belay.yaml: what its words and fences lead people to do. */
export function lintAlone(draft: RunbookDraft, o: Pick<LintTools, 'today'>): readonly Diagnostic[] {
  const problems = collectProblems(draft.problems.source);
  lintWords(draft, o, problems);
  return sortDiagnostics([...secretsIn(draft), ...problems.found]);
}

function lintWords(draft: RunbookDraft, o: Pick<LintTools, 'today'>, problems: Problems): void {
  lintReview(draft, o.today, problems);
  lintCommands(draft, problems);
  lintProse(draft, problems);
}

/** Reads and lints a folder: everything that is wrong, at once, and only what is right for use. */
export function loadAndLint(where: string, tools: LintTools & { readonly env?: Environment; readonly files?: Files }): LoadedSystem {
  const { env, files } = tools;
  const loaded = loadSystem(where, { ...(env === undefined ? {} : { env }), ...(files === undefined ? {} : { files }) });
  const diagnostics = sortDiagnostics([...loaded.diagnostics, ...lintSystem(loaded, tools)]);
  const broken = (file: string): boolean => hasErrors(diagnostics.filter((one) => one.file === file));
  const whole = Object.fromEntries(Object.entries(loaded.runbooks).filter(([, { file }]) => !broken(file)));
  const { runbooks, found } = linkAll(whole, loaded.drafts, tools);
  return {
    ...loaded,
    diagnostics: sortDiagnostics([...diagnostics, ...found]),
    system: loaded.system === null || broken(loaded.drafts.source.file) ? null : loaded.system,
    runbooks,
  };
}

/** Runbooks with what they call. One that calls a runbook with errors cannot be used either. */
function linkAll(
  runbooks: LoadedSystem['runbooks'],
  { runbooks: drafts, system }: LoadedSystem['drafts'],
  tools: LintTools,
): { readonly runbooks: LoadedSystem['runbooks']; readonly found: readonly Diagnostic[] } {
  const usable: Record<string, LoadedRunbook> = {};
  const found: Diagnostic[] = [];
  for (const [id, { runbook, file }] of Object.entries(runbooks)) {
    const linked = linkRunbook(runbook, (one) => runbooks[one]?.runbook);
    if (linked.ok) usable[id] = { runbook: linked.runbook, file };
    const draft = drafts.find((one) => one.runbook.id === id);
    if (draft === undefined) continue;
    const problems = collectProblems(draft.problems.source);
    if (linked.ok && system !== null) lintRunPolicy(draft, linked.runbook, { ...tools, system: system.system }, problems);
    for (const { step, name, why } of linked.ok ? [] : linked.problems) {
      const span = draft.steps.get(step)?.span ?? { start: 0, end: 1 };
      if (why === 'too-many-steps')
        problems.error('call-too-many-steps', span, `it has ${name} steps, and at most ${MOST_STEPS} can be planned and approved as one`, {
          hint: 'Make it several runbooks.',
        });
      else problems.error('call-broken', span, `${name} has errors, so it cannot be called`, { hint: 'Mend that runbook first.' });
    }
    found.push(...problems.found);
  }
  return { runbooks: usable, found };
}

function knownOf(draft: SystemDraft): Known {
  const keys = (section: string): ReadonlySet<string> => new Set(entriesOf(draft.value, section).map((entry) => entry.key));
  const plus = (section: string, more: readonly string[]): ReadonlySet<string> => new Set([...keys(section), ...more]);
  return {
    components: keys('components'),
    organizations: keys('organizations'),
    sources: keys('sources'),
    signals: plus(
      'signals',
      draft.system.signals.map((one) => one.id),
    ),
    triggers: plus(
      'triggers',
      [...draft.triggers.map((one) => one.rule), ...draft.system.triggers].map((one) => one.id),
    ),
    targets: keys('targets'),
    switches: keys('switches'),
    proxies: keys('proxies'),
    services: keys('services'),
    integrations: keys('integrations'),
    intakes: keys('intake'),
    databases: keys('databases'),
    flags: keys('flags'),
    configs: keys('config'),
    people: keys('people'),
    channels: keys('channels'),
    audiences: keys('audiences'),
    clocks: keys('clocks'),
    roles: new Set(draft.system.roles),
    windows: keys('windows'),
    suites: keys('suites'),
    buckets: keys('buckets'),
    synthetics: keys('synthetics'),
    secrets: keys('secrets'),
  };
}
