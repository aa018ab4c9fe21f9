// belay.yaml: which keys it has and what they become. What the parts say of one another is checked by the lint.
import { BUCKET_DRIVERS, type BucketSpec } from '../domain/bucket-catalog.ts';
import { CHANNEL_DRIVERS, type ChannelSpec } from '../domain/channel-catalog.ts';
import { DATABASE_DRIVERS } from '../domain/database-catalog.ts';
import { withDeployTriggers } from '../domain/deploy-triggers.ts';
import type { GuardLimits } from '../domain/guardrail.ts';
import { DEFAULT_GUARD_LIMITS } from '../domain/guardrail.ts';
import type { IntakeSpec } from '../domain/intake.ts';
import { INTEGRATION_DRIVERS, type IntegrationSpec } from '../domain/integration-catalog.ts';
import type { Severity } from '../domain/ir.ts';
import type { OwnActionSpec } from '../domain/own-action.ts';
import { PROXY_DRIVERS, type ProxySpec } from '../domain/proxy-catalog.ts';
import { SECRET_DRIVERS, type SecretSpec } from '../domain/secret-catalog.ts';
import { SERVICE_DRIVERS, type ServiceSpec } from '../domain/service-catalog.ts';
import { CONFIG_DRIVERS, type ConfigSpec, FLAG_DRIVERS, type FlagSpec } from '../domain/setting-catalog.ts';
import type { SignalSpec } from '../domain/signal.ts';
import type { SourceSpec } from '../domain/source-catalog.ts';
import { SWITCH_DRIVERS, type SwitchSpec } from '../domain/switch-catalog.ts';
import type { AudienceSpec, Component, Lang, Organization, Person, SeverityPolicy, System } from '../domain/system.ts';
import { TARGET_DRIVERS, type TargetSpec } from '../domain/target-catalog.ts';
import type { WindowSpec } from '../domain/window.ts';
import { browserOptions } from './browser-steps.ts';
import { clock } from './clocks.ts';
import { databaseOf, ofDatabase } from './databases.ts';
import { type Driven, driven } from './driven.ts';
import { intake } from './intake.ts';
import { demandOwnFamily, OWN_ACTION_KEYS, ownAction } from './own-actions.ts';
import { readPolicy } from './policy.ts';
import type { Problems } from './problems.ts';
import type { Keys, Reader } from './read.ts';
import {
  bool,
  DOTTED_KEYS,
  duration,
  id,
  int,
  listOf,
  mapOf,
  NAME_KEYS,
  oneOf,
  optional,
  percent,
  present,
  record,
  required,
  text,
  url,
  wrong,
} from './read.ts';
import { readSignal } from './signals.ts';
import { source } from './sources.ts';
import { suite, synthetic } from './suites.ts';
import type { TriggerDraft } from './triggers.ts';
import { readTrigger } from './triggers.ts';
import { maintenanceWindow } from './windows.ts';
import type { Entry, Value } from './yaml.ts';
import { zone } from './zone.ts';

export interface SystemDraft {
  /** Templates come from their files, and a runbook's own triggers are added later. */
  readonly system: System;
  readonly triggers: readonly TriggerDraft[];
  readonly value: Value;
}

export const lang = oneOf<Lang>('en', 'pt-BR');

const component = record({
  title: optional(text),
  criticality: optional(oneOf('critical', 'high', 'normal')),
  rto: optional(duration(1)),
  rpo: optional(duration()),
  backup: optional(
    record({ every: required(duration(1)), pointInTime: optional(bool), keep: optional(duration(1)), reach: optional(duration(1)) }),
  ),
  loses: optional(listOf(text)),
  dependsOn: optional(listOf(id)),
  downWhen: optional(id),
  url: optional(url),
});

/** An organization has fields of the user's own: texts that runbooks may name (`{org.webhookUrl}`). */
const organization: Reader<Readonly<Record<string, string>>> = (value, problems, name) => {
  if (value.kind !== 'map') return wrong(value, problems, name, 'a mapping with name, lang and fields of your own');
  const pairs = value.entries.map((entry): [string, string] | null => {
    const read = entry.key === 'lang' ? lang : entry.key === 'zone' ? zone : text;
    if (!NAME_KEYS.pattern.test(entry.key))
      problems.error('id', entry.keySpan, `${entry.key} cannot be a field of ${name}`, { expected: NAME_KEYS.form });
    const one = read(entry.value, problems, `${name}.${entry.key}`);
    return one === undefined ? null : [entry.key, one];
  });
  return Object.fromEntries(pairs.filter((pair) => pair !== null));
};

const ofComponent = () => ({ component: optional(id) });
const PROXY_NAMES: Keys = { form: 'a name of the proxy', pattern: /^[A-Za-z0-9][\w.-]*$/ };
const ofProxy = () => ({ component: optional(id), targets: optional(mapOf(id, PROXY_NAMES)) });
const ofTarget = () => ({ component: optional(id), soak: optional(duration(1)), flags: optional(text) });
const ofFlag = () => ({
  component: optional(id),
  onUnreachable: optional(oneOf('on', 'off')),
  ofrep: optional(url),
  ofrepKey: optional(text),
  ofrepToken: optional(text),
});

const audience = record({
  kind: required(oneOf('responders', 'management', 'customers', 'public')),
  lang: optional(lang),
  zone: optional(zone),
  roles: optional(listOf(id, 1)),
  channels: required(listOf(record({ channel: required(id), to: required(listOf(text, 1)) }), 1)),
});

const severity = record({ updates: optional(mapOf(duration(1))), postmortem: optional(bool) });

const guards = record({
  affected: optional(text),
  active: optional(text),
  changedWithin: optional(duration()),
  affectedUsers: optional(percent),
  localShare: optional(percent),
  perScopePerDay: optional(int(0, 1000)),
  cooldown: optional(duration()),
  reuseWithin: optional(duration()),
  freshData: optional(duration(1)),
});

const MOST_HISTORY_DAYS = 400;
const historyLength: Reader<number> = (value, problems, name) => {
  const read = duration()(value, problems, name);
  return read === undefined || read <= MOST_HISTORY_DAYS * 86_400_000
    ? read
    : wrong(value, problems, name, `${MOST_HISTORY_DAYS}d at most`);
};

const raw: Reader<Value> = (value) => value;
const version: Reader<1> = (value, problems, name) =>
  value.kind === 'scalar' && value.value === 1 ? 1 : wrong(value, problems, name, '1, the version of this format');

const FILE = record({
  belay: required(version),
  name: required(text),
  lang: optional(lang),
  zone: optional(zone),
  components: optional(mapOf(component)),
  organizations: optional(mapOf(organization)),
  people: optional(mapOf(record({ name: required(text), roles: optional(listOf(id)), lang: optional(lang) }))),
  roles: optional(listOf(id)),
  sources: optional(mapOf(source)),
  signals: optional(mapOf(raw, DOTTED_KEYS)),
  triggers: optional(mapOf(raw)),
  targets: optional(mapOf(driven(TARGET_DRIVERS, ofTarget))),
  switches: optional(mapOf(driven(SWITCH_DRIVERS, ofComponent))),
  intake: optional(mapOf(intake)),
  actions: optional(mapOf(ownAction, OWN_ACTION_KEYS)),
  proxies: optional(mapOf(driven(PROXY_DRIVERS, ofProxy))),
  services: optional(mapOf(driven(SERVICE_DRIVERS, ofComponent))),
  integrations: optional(mapOf(driven(INTEGRATION_DRIVERS, ofComponent))),
  databases: optional(mapOf(driven(DATABASE_DRIVERS, ofDatabase))),
  flags: optional(mapOf(driven(FLAG_DRIVERS, ofFlag))),
  config: optional(mapOf(driven(CONFIG_DRIVERS, ofComponent))),
  ofrep: optional(record({ tokens: required(listOf(text, 1)) })),
  channels: optional(mapOf(driven(CHANNEL_DRIVERS, () => ({ dependsOn: optional(listOf(id)) })))),
  audiences: optional(mapOf(audience)),
  clocks: optional(mapOf(clock)),
  severities: optional(record({ P0: optional(severity), P1: optional(severity), P2: optional(severity) })),
  guards: optional(guards),
  network: optional(record({ allow: optional(listOf(text)) })),
  statusPage: optional(record({ title: required(text) })),
  history: optional(record({ keep: required(historyLength) })),
  windows: optional(mapOf(maintenanceWindow)),
  buckets: optional(mapOf(driven(BUCKET_DRIVERS, () => ({})))),
  suites: optional(mapOf(suite)),
  synthetics: optional(mapOf(synthetic)),
  browser: optional(browserOptions),
  secrets: optional(mapOf(driven(SECRET_DRIVERS, () => ({})))),
  policy: optional(readPolicy),
});

/** Reads the whole file; parts that cannot be read are left out, and told. */
export function readSystem(value: Value, problems: Problems): SystemDraft | null {
  const file = FILE(value, problems, 'belay.yaml');
  if (file === undefined) return null;
  const defaults = { lang: file.lang ?? 'en', zone: file.zone ?? 'UTC' } as const;
  for (const entry of entriesOf(value, 'actions')) demandOwnFamily(entry.key, entry.keySpan, problems);
  const triggers = entriesOf(value, 'triggers').flatMap((entry) => readTrigger(entry, problems, 'all') ?? []);
  const signals = entriesOf(value, 'signals').flatMap(
    (entry) => readSignal({ id: entry.key, value: entry.value, problems, by: null }) ?? [],
  );
  return {
    value,
    triggers,
    system: withDeployTriggers({
      name: file.name ?? '',
      ...defaults,
      components: list(file.components, componentOf),
      organizations: list(file.organizations, (key, one): Organization => ({ ...defaults, name: key, ...one, id: key }) as Organization),
      sources: list(file.sources, (key, one) => ({ id: key, ...one }) as SourceSpec),
      signals: [...signals, ...triggers.flatMap((one): SignalSpec[] => (one.signal === null ? [] : [one.signal]))],
      triggers: triggers.map((one) => one.rule),
      targets: list(file.targets, targetOf),
      switches: list(file.switches, (key, one) => specOf(key, one) as unknown as SwitchSpec),
      actions: list(file.actions, (key, one): OwnActionSpec => ({ ...one, id: key })),
      intakes: list(file.intake, (key, one): IntakeSpec => ({ ...one, id: key })),
      proxies: list(file.proxies, (key, one) => specOf(key, one) as unknown as ProxySpec),
      services: list(file.services, (key, one) => specOf(key, one) as unknown as ServiceSpec),
      integrations: list(file.integrations, (key, one) => specOf(key, one) as unknown as IntegrationSpec),
      ...(file.databases === undefined ? {} : { databases: list(file.databases, databaseOf) }),
      flags: list(file.flags, (key, one) => specOf(key, one) as unknown as FlagSpec),
      config: list(file.config, (key, one) => specOf(key, one) as unknown as ConfigSpec),
      channels: list(file.channels, (key, one) => ({ dependsOn: [], ...specOf(key, one) }) as unknown as ChannelSpec),
      people: list(
        file.people,
        (key, one): Person => ({ id: key, name: one.name ?? key, roles: one.roles ?? [], lang: one.lang ?? defaults.lang }),
      ),
      roles: file.roles ?? [],
      audiences: list(
        file.audiences,
        (key, one): AudienceSpec => ({
          id: key,
          kind: one.kind ?? 'responders',
          lang: one.lang ?? defaults.lang,
          zone: one.zone ?? defaults.zone,
          ...present({ roles: one.roles }),
          channels: routes(one.channels),
        }),
      ),
      clocks: file.clocks ?? {},
      severities: severitiesOf(file.severities),
      guards: guardsOf(file.guards),
      templates: {},
      network: { allow: file.network?.allow ?? [] },
      ...(file.ofrep?.tokens === undefined ? {} : { ofrep: { tokens: file.ofrep.tokens } }),
      statusPage: file.statusPage?.title === undefined ? null : { title: file.statusPage.title },
      ...present({ policy: file.policy }),
      ...(file.history?.keep === undefined ? {} : { history: { keepMs: file.history.keep } }),
      windows: list(file.windows, (key, one): WindowSpec => ({ zone: defaults.zone, ...one, id: key })),
      buckets: list(file.buckets, (key, one) => specOf(key, one) as unknown as BucketSpec),
      suites: list(file.suites, (key, one) => ({ ...one, id: key })),
      synthetics: list(file.synthetics, (key, one) => ({ ...one, id: key })),
      ...(file.browser === undefined ? {} : { browser: present(file.browser) }),
      secrets: list(file.secrets, (key, one) => specOf(key, one) as unknown as SecretSpec),
    }),
  };
}

function list<T, R>(record: Readonly<Record<string, T>> | undefined, make: (key: string, one: T) => R): readonly R[] {
  return Object.entries(record ?? {}).map(([key, one]) => make(key, one));
}

/** The written entries under a top key: triggers and signals are read from their places. */
export function entriesOf(value: Value, key: string): readonly Entry[] {
  const under = value.kind === 'map' ? value.entries.find((entry) => entry.key === key)?.value : undefined;
  return under?.kind === 'map' ? under.entries : [];
}

function componentOf(key: string, one: NonNullable<ReturnType<typeof component>>): Component {
  return {
    id: key,
    title: one.title ?? key,
    criticality: one.criticality ?? 'normal',
    dependsOn: one.dependsOn ?? [],
    ...present({ rtoMs: one.rto, rpoMs: one.rpo, url: one.url, downWhen: one.downWhen, loses: one.loses }),
    ...backupOf(one.backup),
  };
}

function backupOf(backup: NonNullable<ReturnType<typeof component>>['backup']): Pick<Component, 'backup'> {
  if (backup?.every === undefined) return {};
  const { every, pointInTime, keep, reach } = backup;
  return { backup: { everyMs: every, pointInTime: pointInTime ?? false, ...present({ keepMs: keep, reachMs: reach }) } };
}

/** As the catalogs' types say. */
function specOf(key: string, { driver, common, options }: Driven): Readonly<Record<string, unknown>> {
  return { id: key, driver, ...present(common), ...options };
}

function targetOf(key: string, one: Driven): TargetSpec {
  const { soak, ...spec } = specOf(key, one);
  return { ...spec, ...present({ soakMs: soak }) } as unknown as TargetSpec;
}

function routes(
  channels: readonly { readonly channel: string | undefined; readonly to: readonly string[] | undefined }[] | undefined,
): AudienceSpec['channels'] {
  return (channels ?? []).flatMap((one) => (one.channel === undefined ? [] : [{ channel: one.channel, to: one.to ?? [] }]));
}

function severitiesOf(file: Partial<Record<Severity, ReturnType<typeof severity>>> | undefined): Partial<Record<Severity, SeverityPolicy>> {
  const policies = Object.entries(file ?? {}).map(
    ([key, one]) => [key, { severity: key as Severity, updates: one?.updates ?? {}, postmortem: one?.postmortem ?? false }] as const,
  );
  return Object.fromEntries(policies);
}

/** One without the other is told by the lint. */
function usersOf(file: ReturnType<typeof guards>): GuardLimits['users'] {
  const { affected, active } = file ?? {};
  return affected === undefined && active === undefined ? undefined : { affected: affected ?? '', active: active ?? '' };
}

function guardsOf(file: ReturnType<typeof guards>): GuardLimits {
  const { changedWithin, affectedUsers, localShare, perScopePerDay, cooldown, reuseWithin, freshData } = file ?? {};
  const written = present({
    changedWithinMs: changedWithin,
    affectedUsers,
    localShare,
    perScopePerDay,
    cooldownMs: cooldown,
    reuseWithinMs: reuseWithin,
    freshMs: freshData,
  });
  const users = usersOf(file);
  return { ...DEFAULT_GUARD_LIMITS, ...written, ...present({ users }) };
}
