// The rung of the adoption ladder that a runbook stands on, and what the next one wants, as far as its file tells.
import type { Step } from '../domain/ir.ts';
import { ownSteps } from '../domain/ir.ts';
import type { TriggerRule } from '../domain/trigger.ts';
import { draftOf } from './command-drafts.ts';
import type { RunbookDraft } from './draft.ts';
import { inertFences } from './inert-fences.ts';
import { isPasted, pastedCommands } from './shell-lines.ts';

export type Level = 0 | 1 | 2 | 3;

export type Want =
  | { readonly what: 'front-matter' | 'roles' | 'clocks' | 'triggers' | 'start-auto' | 'watch' }
  /** Commands in fences that a typed step could do; lines of the file. */
  | { readonly what: 'typed-steps'; readonly lines: readonly number[] }
  | { readonly what: 'manual-steps'; readonly steps: readonly string[] }
  | { readonly what: 'armed'; readonly triggers: readonly string[] };

export interface Standing {
  readonly runbook: string;
  readonly file: string;
  readonly level: Level;
  readonly wants: readonly Want[];
}

/** `triggers` are those of the system; without a system nothing is said of arming. */
export function standingOf(draft: RunbookDraft, triggers: readonly TriggerRule[] | null): Standing {
  const { runbook } = draft;
  const level = levelOf(draft, triggers ?? []);
  const wants = { 0: wantsOfPlain, 1: wantsOfDescribed, 2: wantsOfTyped, 3: () => [] }[level](draft, triggers ?? []);
  return { runbook: runbook.id, file: draft.problems.source.file, level, wants };
}

function levelOf({ runbook, front, steps }: RunbookDraft, triggers: readonly TriggerRule[]): Level {
  if (front.kind !== 'map' || front.entries.length === 0) return 0;
  if ([...steps.values()].every(({ step }) => isByHand(step))) return 1;
  const isArmed = runbook.triggers.some((id) => triggers.find((one) => one.id === id)?.mode === 'armed');
  return runbook.start === 'auto' && isArmed ? 3 : 2;
}

const isByHand = (step: Step): boolean => step.kind === 'manual';

const wantsOfPlain = (): readonly Want[] => [{ what: 'front-matter' }];

function wantsOfDescribed({ runbook, problems }: RunbookDraft): readonly Want[] {
  const lines = inertFences(problems.source)
    .filter((fence) => isPasted(fence.tag))
    .flatMap((fence) =>
      pastedCommands(fence.region.text).flatMap((command) =>
        draftOf(command.text) === null ? [] : [problems.source.text.slice(0, fence.region.toFile(command.start)).split('\n').length],
      ),
    );
  return [
    ...(Object.keys(runbook.roles).length === 0 ? [{ what: 'roles' } as const] : []),
    ...(Object.keys(runbook.clocks).length === 0 ? [{ what: 'clocks' } as const] : []),
    ...(runbook.triggers.length === 0 ? [{ what: 'triggers' } as const] : []),
    { what: 'typed-steps', lines },
  ];
}

function wantsOfTyped({ runbook }: RunbookDraft, triggers: readonly TriggerRule[]): readonly Want[] {
  const steps = ownSteps(runbook);
  const byHand = steps.filter(isByHand).map((step) => step.id);
  const shadow = runbook.triggers.filter((id) => triggers.find((one) => one.id === id)?.mode !== 'armed');
  const acts = steps.some((step) => step.kind === 'do');
  return [
    ...(byHand.length === 0 ? [] : [{ what: 'manual-steps', steps: byHand } as const]),
    ...(runbook.triggers.length === 0 ? [{ what: 'triggers' } as const] : []),
    ...(shadow.length === 0 ? [] : [{ what: 'armed', triggers: shadow } as const]),
    ...(acts && !steps.some((step) => step.kind === 'watch') ? [{ what: 'watch' } as const] : []),
    ...(runbook.start === 'auto' ? [] : [{ what: 'start-auto' } as const]),
  ];
}
