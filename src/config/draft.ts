// A runbook with the places of its parts: what the lint reads.
import type { Runbook } from '../domain/ir.ts';
import type { Problems } from './problems.ts';
import type { Span } from './source-text.ts';
import type { StepDraft } from './steps.ts';
import type { TriggerDraft } from './triggers.ts';
import type { Value } from './yaml.ts';

/** A runbook with the places of its parts. Where its file has errors, the parts that could not be read hold defaults. */
export interface RunbookDraft {
  readonly runbook: Runbook;
  readonly front: Value;
  readonly steps: ReadonlyMap<string, StepDraft>;
  /** Own templates: `<id> <lang>` → the line of the fence. */
  readonly templatePlaces: ReadonlyMap<string, Span>;
  readonly triggers: readonly TriggerDraft[];
  readonly reviewed: string | null;
  readonly reviewBy: string | null;
  /** False: some block could not be read, so nothing may be concluded from what is missing. */
  readonly complete: boolean;
  readonly problems: Problems;
}
