// What lint rules are given: the drafts with their places, the names that exist, the catalog, and tools of other layers.

import type { BucketSpec } from '../domain/bucket-catalog.ts';
import type { ActionSpec, ExprType, ProbeSpec } from '../domain/catalog.ts';
import type { ChannelSpec } from '../domain/channel-catalog.ts';
import type { DatabaseSpec } from '../domain/database-catalog.ts';
import type { IntegrationSpec } from '../domain/integration-catalog.ts';
import type { Runbook } from '../domain/ir.ts';
import type { ProxySpec } from '../domain/proxy-catalog.ts';
import type { SecretSpec } from '../domain/secret-catalog.ts';
import type { ServiceSpec } from '../domain/service-catalog.ts';
import type { ConfigSpec, FlagSpec } from '../domain/setting-catalog.ts';
import type { SignalSpec } from '../domain/signal.ts';
import type { SourceSpec } from '../domain/source-catalog.ts';
import type { SwitchSpec } from '../domain/switch-catalog.ts';
import type { System } from '../domain/system.ts';
import type { TargetSpec } from '../domain/target-catalog.ts';
import type { RunbookDraft } from './draft.ts';
import type { Drafts } from './load.ts';
import type { Problems } from './problems.ts';
import type { SystemDraft } from './schema.ts';
import type { Span } from './source-text.ts';
import type { StepDraft } from './steps.ts';
import type { TriggerDraft } from './triggers.ts';

/** Type-checks a condition: `Expression.check` of whatever keeps that port. */
export type ConditionCheck = (
  source: string,
  names: Readonly<Record<string, ExprType>>,
  wants: 'bool' | 'string' | 'list',
) => readonly { readonly message: string; readonly offset: number; readonly rule?: string; readonly hint?: string }[];

export interface LintTools {
  readonly check: ConditionCheck;
  /** The variables that a template uses; throws for a template that does not parse. */
  readonly templateVariables: (source: string) => readonly string[];
  /**
   * What an adapter says of options that each can be read, because they do not fit together: `source shop: pattern: …`, where a text
   * before the second colon names the option. Null when it would open.
   */
  readonly driverProblem: (one: DrivenSpec) => { readonly message: string; readonly hint?: string } | null;
  /** `2026-03-01`: what `reviewBy` is compared with. */
  readonly today: string;
  /** The hash that pins a runbook. */
  readonly hashOf?: (runbook: Runbook) => string;
  readonly actions?: Readonly<Record<string, ActionSpec>>;
  readonly probes?: Readonly<Record<string, ProbeSpec>>;
}

export type DrivenSpec =
  | { readonly what: 'source'; readonly spec: SourceSpec }
  | { readonly what: 'target'; readonly spec: TargetSpec }
  | { readonly what: 'switch'; readonly spec: SwitchSpec }
  | { readonly what: 'proxy'; readonly spec: ProxySpec }
  | { readonly what: 'service'; readonly spec: ServiceSpec }
  | { readonly what: 'integration'; readonly spec: IntegrationSpec }
  | { readonly what: 'database'; readonly spec: DatabaseSpec }
  | { readonly what: 'flag'; readonly spec: FlagSpec }
  | { readonly what: 'config'; readonly spec: ConfigSpec }
  | { readonly what: 'channel'; readonly spec: ChannelSpec }
  | { readonly what: 'secret'; readonly spec: SecretSpec }
  | { readonly what: 'bucket'; readonly spec: BucketSpec };

/** Names that exist, whether or not what stands under them could be read. */
export interface Known {
  readonly components: ReadonlySet<string>;
  readonly organizations: ReadonlySet<string>;
  readonly sources: ReadonlySet<string>;
  readonly signals: ReadonlySet<string>;
  readonly triggers: ReadonlySet<string>;
  readonly targets: ReadonlySet<string>;
  readonly switches: ReadonlySet<string>;
  readonly proxies: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
  readonly integrations: ReadonlySet<string>;
  readonly intakes: ReadonlySet<string>;
  readonly databases: ReadonlySet<string>;
  readonly flags: ReadonlySet<string>;
  readonly configs: ReadonlySet<string>;
  readonly people: ReadonlySet<string>;
  readonly channels: ReadonlySet<string>;
  readonly audiences: ReadonlySet<string>;
  readonly clocks: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
  readonly windows: ReadonlySet<string>;
  readonly suites: ReadonlySet<string>;
  readonly buckets: ReadonlySet<string>;
  readonly synthetics: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
}

export interface LintContext extends LintTools {
  readonly actions: Readonly<Record<string, ActionSpec>>;
  readonly probes: Readonly<Record<string, ProbeSpec>>;
  readonly drafts: Drafts & { readonly system: SystemDraft };
  readonly system: System;
  readonly known: Known;
}

/** A trigger that is being looked at, with its signal. */
export interface Asking {
  readonly draft: TriggerDraft;
  readonly signal: SignalSpec;
  readonly problems: Problems;
  readonly at: (...path: readonly string[]) => Span;
}

/** A step that is being looked at, with the places of its parts. */
export interface StepAsking {
  readonly draft: RunbookDraft;
  readonly place: StepDraft;
  readonly context: LintContext;
  readonly problems: Problems;
  readonly at: (...path: readonly (string | number)[]) => Span;
}
