// Rules of another watcher as text: taken into belay.yaml, and written from it. Nothing is started and nobody is asked.
import type { System } from '../domain/system.ts';

/** What a person must look at, although the rule was taken. */
export type RuleNote = 'or-equal' | 'several-series' | 'absent-counts' | 'no-window' | 'bucket' | 'minimum-dropped' | 'not-org';

/** Why a rule is none of Belay's own signals. */
export type RuleDoubt = 'no-comparison' | 'each-series' | 'labels' | 'form' | 'joined' | 'direction' | 'syntax';

/** `polled` and `foreign` want a human, as do those with notes. */
export interface ImportedRule {
  readonly rule: string;
  readonly group: string;
  readonly line: number;
  readonly became: 'trigger' | 'polled' | 'foreign';
  readonly triggers: readonly string[];
  readonly why: RuleDoubt | null;
  readonly notes: readonly RuleNote[];
}

export interface Imported {
  /** Of belay.yaml: sources and triggers. */
  readonly fragment: string;
  readonly rules: readonly ImportedRule[];
}

/** Why a trigger cannot be said as a rule. */
export type Unexportable = 'manual' | 'probe' | 'composite' | 'distinct' | 'comparison' | 'no-limit';

export interface Exported {
  /** Names of files and their texts; none when no trigger can be said. */
  readonly files: Readonly<Record<string, string>>;
  readonly triggers: readonly {
    readonly trigger: string;
    readonly alert: string | null;
    readonly why: Unexportable | null;
    readonly tested: boolean;
  }[];
}

export interface RuleFiles {
  /** @throws BELAY_CONFIG_INVALID for a file that is no rule file, with line and column */
  importRules(files: readonly { readonly name: string; readonly text: string }[], say: (what: RuleDoubt | RuleNote) => string): Imported;
  exportRules(system: System): Exported;
}
