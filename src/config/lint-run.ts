// Steps of kind `run`: words that are arguments and no shell, references that are whole arguments, commands that are known to go wrong, and
// whether belay.yaml allows them.
import type { Runbook, RunStep } from '../domain/ir.ts';
import { isAct } from '../domain/ir.ts';
import { commandsIn, NO_RUN_POLICY, runRefusal } from '../domain/run-policy.ts';
import { trapOf } from './command-traps.ts';
import { lintArguments } from './lint-arguments.ts';
import { demandRefs, hasRef } from './lint-refs.ts';
import type { StepAsking as Asking, LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import { entryAt } from './read.ts';
import { bare } from './shell-lines.ts';
import { isWritten } from './steps.ts';

export function lintRun(step: RunStep, asking: Asking): void {
  const { draft, context, problems, at, place } = asking;
  if (!place.readable) return;
  lintWords(step.cmd, ['cmd'], asking);
  const { undo } = step;
  if (undo !== undefined && 'cmd' in undo) lintWords(undo.cmd, ['undo', 'cmd'], asking);
  if (undo !== undefined && 'do' in undo)
    lintArguments({
      kind: 'action',
      name: undo.do,
      args: undo.with,
      nameSpan: at('undo', 'do'),
      value: entryAt(place.body, ['undo']).value,
      draft,
      context,
      problems,
    });
  // An effect that could not be read has been told, and may be read only.
  const effect = entryAt(place.body, ['effect']).value;
  if (effect.kind !== 'scalar' || effect.value !== step.effect) return;
  if (isWritten(place.body, 'undo') || isWritten(place.body, 'irreversible') || !isAct(step)) return;
  problems.error('undo-missing', at(), `the step ${step.id} says neither how it is taken back nor why it cannot be`, {
    hint: 'Add "undo: { cmd: [ … ] }", or "irreversible: <why>"; or "effect: read", if it changes nothing.',
  });
}

const WHOLE = /^\{[a-zA-Z][\w-]*(?:\.[\w-]+)*\}$/;
const SHELLS = /^(?:.*\/)?(?:sh|bash|dash|zsh|ksh|fish|cmd(?:\.exe)?|powershell(?:\.exe)?|pwsh)$/i;
const SHELL_TEXT = /^(?:-[a-z]*c|\/c|-command)$/i;

function lintWords(words: readonly string[], path: readonly string[], asking: Asking): void {
  const { draft, context, problems, place } = asking;
  const span = (index: number) => entryAt(place.body, [...path, index]).value.span;
  for (const [index, word] of words.entries()) {
    if (!hasRef(word)) continue;
    demandRefs(word, { span: span(index), draft, context, problems, release: false });
    if (index === 0)
      problems.error('run-argument', span(index), `${word} cannot say which program runs`, { expected: 'the program by its name' });
    else if (!WHOLE.test(word))
      problems.error('run-argument', span(index), `"${word}" mixes a reference with other text`, {
        expected: 'a reference that is the whole argument, such as "{release.previous}"',
      });
  }
  const text = words.findIndex((word) => SHELL_TEXT.test(word));
  if (SHELLS.test(words[0] ?? '') && text > 0)
    problems.error('run-shell', span(text), `${words[0] ?? ''} ${words[text] ?? ''} reads program text, which a runbook never holds`, {
      hint: 'Put it into a script of its own, and name the script.',
    });
  lintTraps(words, asking, path);
}

/** What a person warned of a paste may still do, a step does every time: the traps of fences are errors here. */
function lintTraps(words: readonly string[], { problems, place }: Asking, path: readonly string[]): void {
  const trap = trapOf(bare(words.join(' ')));
  // What a command that `run` starts changes is declared by its `effect`.
  if (trap === null || trap.rule === 'smoke-readonly') return;
  const { span } = entryAt(place.body, path).value;
  if (trap.rule === 'restore-over-live' || trap.rule === 'pooler-for-dump') problems.warn(trap.rule, span, trap.message, trap);
  else problems.error(trap.rule, span, trap.message, trap);
}

/** What belay.yaml does not allow is refused when it is planned: a warning, so that the runbook can be read and reviewed before. */
export function lintRunPolicy(
  draft: Asking['draft'],
  linked: Runbook,
  { system, hashOf }: Pick<LintContext, 'system' | 'hashOf'>,
  problems: Problems,
): void {
  if (hashOf === undefined) return;
  const irHash = hashOf(linked);
  for (const step of commandsIn(linked)) {
    const refusal = runRefusal(system.policy?.run ?? NO_RUN_POLICY, { runbook: linked.id, irHash, step });
    const place = draft.steps.get(step.id.split('.')[0] ?? '');
    if (refusal !== null) problems.warn('run-not-allowed', place?.span ?? { start: 0, end: 1 }, refusal.message, { hint: refusal.hint });
  }
}
