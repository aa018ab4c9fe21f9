// The user's system as `belay.yaml` describes it, validated: components, organizations, signals, triggers, deploy targets,
// flow switches, people, roles, channels, audiences and policies. Durations are ms, percentages are fractions.

import type { BrowserOptions } from './browser-step.ts';
import type { BucketSpec } from './bucket-catalog.ts';
import type { ChannelSpec } from './channel-catalog.ts';
import type { DatabaseSpec } from './database-catalog.ts';
import type { DeployPolicy } from './deploy-policy.ts';
import type { GuardLimits } from './guardrail.ts';
import type { IntakeSpec } from './intake.ts';
import type { IntegrationSpec } from './integration-catalog.ts';
import type { ClockSpec, Severity, Templates } from './ir.ts';
import type { Json } from './json.ts';
import type { OwnActionSpec } from './own-action.ts';
import type { ProxySpec } from './proxy-catalog.ts';
import type { RunPolicy } from './run-policy.ts';
import type { SecretSpec } from './secret-catalog.ts';
import type { ServiceSpec } from './service-catalog.ts';
import type { ConfigSpec, FlagSpec } from './setting-catalog.ts';
import type { SignalSpec } from './signal.ts';
import type { SourceSpec } from './source-catalog.ts';
import type { SuiteSpec } from './suite.ts';
import type { SwitchSpec } from './switch-catalog.ts';
import type { SyntheticSpec } from './synthetic.ts';
import type { TargetSpec } from './target-catalog.ts';
import type { TriggerRule } from './trigger.ts';
import type { WindowSpec } from './window.ts';

export interface Component {
  readonly id: string;
  readonly title: string;
  readonly criticality: 'critical' | 'high' | 'normal';
  readonly rtoMs?: number;
  readonly rpoMs?: number;
  /** How it is backed up by whoever does it: the lint compares it with what may be lost. */
  readonly backup?: { readonly everyMs: number; readonly pointInTime: boolean; readonly keepMs?: number; readonly reachMs?: number };
  /** What is lost for good while it is down, in words: messages may not promise the contrary. */
  readonly loses?: readonly string[];
  readonly dependsOn: readonly string[];
  /** The trigger whose breach says that it is down: for a service of others, guard G4. */
  readonly downWhen?: string;
  /** Where it answers; runbooks write `{component.<id>.url}`. */
  readonly url?: string;
}

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly lang: Lang;
  readonly zone: string;
  readonly [field: string]: string;
}

const byId = new WeakMap<readonly Organization[], ReadonlyMap<string, Organization>>();

/** A fan-out asks it several times for each of thousands: they are gone through once. */
export function organizationNamed(organizations: readonly Organization[], id: Json | undefined): Organization | undefined {
  const known = byId.get(organizations) ?? new Map(organizations.map((one) => [one.id, one]));
  byId.set(organizations, known);
  return typeof id === 'string' ? known.get(id) : undefined;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly lang: Lang;
}

export type Lang = 'en' | 'pt-BR';

export interface AudienceSpec {
  readonly id: string;
  /** Customers get `at-most-once` where a channel cannot be asked; responders `at-least-once`, marked as re-sent. */
  readonly kind: 'responders' | 'management' | 'customers' | 'public';
  readonly lang: Lang;
  readonly zone: string;
  /** Of responders: Belay's questions reach them only where one of these roles is asked. Absent: every question. */
  readonly roles?: readonly string[];
  /** In order of preference: the first reachable channel carries the message. */
  readonly channels: readonly { readonly channel: string; readonly to: readonly string[] }[];
}

export interface SeverityPolicy {
  readonly severity: Severity;
  /** audience id → longest time between two updates, ms. */
  readonly updates: Readonly<Record<string, number>>;
  readonly postmortem: boolean;
}

export interface Policy {
  /** What steps of kind `run` may start; absent: nothing. */
  readonly run?: RunPolicy;
  /** Settings that lower the security of the service, besides those that Belay knows. */
  readonly dangerous?: readonly string[];
  /** What is demanded of deploys, by target. */
  readonly deploys?: readonly DeployPolicy[];
}

export interface System {
  readonly name: string;
  readonly lang: Lang;
  readonly zone: string;
  readonly components: readonly Component[];
  readonly organizations: readonly Organization[];
  readonly sources: readonly SourceSpec[];
  readonly signals: readonly SignalSpec[];
  readonly triggers: readonly TriggerRule[];
  readonly targets: readonly TargetSpec[];
  readonly switches: readonly SwitchSpec[];
  readonly proxies?: readonly ProxySpec[];
  readonly services?: readonly ServiceSpec[];
  readonly integrations?: readonly IntegrationSpec[];
  readonly intakes?: readonly IntakeSpec[];
  readonly databases?: readonly DatabaseSpec[];
  readonly flags?: readonly FlagSpec[];
  readonly config?: readonly ConfigSpec[];
  readonly actions?: readonly OwnActionSpec[];
  readonly people: readonly Person[];
  readonly roles: readonly string[];
  readonly channels: readonly ChannelSpec[];
  readonly audiences: readonly AudienceSpec[];
  readonly clocks: Readonly<Record<string, ClockSpec>>;
  readonly severities: Readonly<Partial<Record<Severity, SeverityPolicy>>>;
  readonly guards: GuardLimits;
  readonly templates: Templates;
  /** Hosts that `http` probes, sources and webhooks may reach although they are private or loopback. */
  readonly network: { readonly allow: readonly string[] };
  readonly statusPage: { readonly title: string } | null;
  readonly policy?: Policy;
  /** Applications that read flags of Belay, by the tokens that they have. */
  readonly ofrep?: { readonly tokens: readonly string[] };
  /** How long counts by the minute are kept; 0: not at all. Absent: DEFAULT_HISTORY_MS. */
  readonly history?: { readonly keepMs: number };
  readonly windows?: readonly WindowSpec[];
  readonly buckets?: readonly BucketSpec[];
  readonly suites?: readonly SuiteSpec[];
  readonly synthetics?: readonly SyntheticSpec[];
  readonly browser?: BrowserOptions;
  /** Where secrets are: their values are nowhere in here. */
  readonly secrets?: readonly SecretSpec[];
}
