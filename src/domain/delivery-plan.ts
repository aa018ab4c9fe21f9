// Who is told what, where: from audiences and a template to delivery drafts, and which channels were passed over and why.
// Pure; the caller appends the result to the incident, so planning twice plans the same.
import type { ChannelSpec } from './channel-catalog.ts';
import type { EventDraft } from './event.ts';
import type { Incident } from './incident.ts';
import type { Severity, Templates } from './ir.ts';
import type { Instant, Json, JsonObject } from './json.ts';
import type { DeliveryDraft } from './message.ts';
import type { AudienceSpec, Lang, System } from './system.ts';

export interface SkippedChannel {
  readonly audience: string;
  /** Null when the whole audience was passed over. */
  readonly channel: string | null;
  readonly why: 'depends-on-affected' | 'drill' | 'no-channel-left' | 'no-audience' | 'no-template';
  /** Names what `why` is about: the affected component, the missing template. */
  readonly what: string;
}

export interface DeliveryPlan {
  readonly deliveries: readonly DeliveryDraft[];
  readonly skipped: readonly SkippedChannel[];
}

export interface DeliveryRequest {
  readonly incident: Pick<Incident, 'id' | 'kind' | 'phase' | 'scope'>;
  readonly system: Pick<System, 'audiences' | 'channels' | 'components' | 'templates'>;
  readonly template: string;
  /** Templates pinned with the runbook; they win over the system's of the same name. */
  readonly templates?: Templates;
  readonly audiences: readonly string[];
  readonly values: JsonObject;
  /** One conversation per incident and recipient: usually the incident's id. */
  readonly thread: string;
  /** Tells two messages of one thread apart: the step (and its attempt) that plans them. */
  readonly revision: string;
  /** Pages of people are not capped. */
  readonly exempt?: boolean;
  /** Default: the incident is mitigated or later. */
  readonly closing?: boolean;
}

/** One draft a recipient on the audience's first channel that does not depend on what is broken. */
export function planDeliveries(o: DeliveryRequest): DeliveryPlan {
  const affected = affectedComponents(o.system, o.incident.scope.components);
  const deliveries: DeliveryDraft[] = [];
  const skipped: SkippedChannel[] = [];
  for (const id of new Set(o.audiences)) {
    const audience = o.system.audiences.find((one) => one.id === id);
    if (audience === undefined) {
      skipped.push({ audience: id, channel: null, why: 'no-audience', what: id });
      continue;
    }
    const route = routeOf(audience, o, affected);
    skipped.push(...route.skipped);
    deliveries.push(...route.deliveries);
  }
  return { deliveries, skipped };
}

function routeOf(audience: AudienceSpec, o: DeliveryRequest, affected: ReadonlySet<string>): DeliveryPlan {
  const none = (why: SkippedChannel['why'], what: string): DeliveryPlan => ({
    deliveries: [],
    skipped: [{ audience: audience.id, channel: null, why, what }],
  });
  // Whatever the configuration says, a drill never reaches a client.
  if (o.incident.kind !== 'real' && (audience.kind === 'customers' || audience.kind === 'public')) return none('drill', o.incident.kind);
  const text = textOf(o, audience.lang);
  if (text === null) return none('no-template', o.template);
  const skipped: SkippedChannel[] = [];
  for (const { channel, to } of audience.channels) {
    const broken = brokenBehind(
      o.system.channels.find((one) => one.id === channel),
      affected,
    );
    if (broken !== null) {
      skipped.push({ audience: audience.id, channel, why: 'depends-on-affected', what: broken });
      continue;
    }
    return { deliveries: [...new Set(to)].map((one) => draft(o, audience, { channel, to: one, ...text })), skipped };
  }
  return { deliveries: [], skipped: [...skipped, ...none('no-channel-left', audience.id).skipped] };
}

function draft(o: DeliveryRequest, audience: AudienceSpec, to: { channel: string; to: string; lang: Lang; source: string }): DeliveryDraft {
  return {
    id: deliveryId([o.incident.id, o.thread, o.revision, audience.id, to.to]),
    audience: audience.id,
    audienceKind: audience.kind,
    channel: to.channel,
    to: to.to,
    template: o.template,
    lang: to.lang,
    zone: audience.zone,
    values: o.values,
    thread: o.thread,
    exempt: o.exempt ?? false,
    closing: o.closing ?? ['mitigated', 'watching', 'resolved', 'closed'].includes(o.incident.phase),
    source: to.source,
  };
}

/** Visible ASCII without dots or spaces: it travels as a header and inside signatures. */
export function deliveryId(parts: readonly string[]): string {
  return parts.map((part) => encodeURIComponent(part).replaceAll('.', '%2E')).join('/');
}

/** The template in the audience's language, else in any language that it has: a message in another language beats none. */
function textOf(o: DeliveryRequest, lang: Lang): { readonly lang: Lang; readonly source: string } | null {
  const known = o.templates?.[o.template] ?? o.system.templates[o.template];
  if (known === undefined) return null;
  for (const one of [lang, 'en', 'pt-BR'] as const) {
    const source = known[one];
    if (source !== undefined) return { lang: one, source };
  }
  return null;
}

/** Components in the scope and all that stand on them. */
export function affectedComponents(system: Pick<System, 'components'>, components: readonly string[]): ReadonlySet<string> {
  const affected = new Set(components);
  for (let grew = true; grew; ) {
    grew = false;
    for (const one of system.components) {
      if (affected.has(one.id) || !one.dependsOn.some((id) => affected.has(id))) continue;
      affected.add(one.id);
      grew = true;
    }
  }
  return affected;
}

function brokenBehind(channel: ChannelSpec | undefined, affected: ReadonlySet<string>): string | null {
  return channel?.dependsOn.find((id) => affected.has(id)) ?? null;
}

/** The stricter of what a step promises and what the severity demands of any audience that it tells: two times would be one lie. */
export function strictestPromise(o: {
  readonly promiseMs?: number | undefined;
  readonly audiences: readonly string[];
  readonly severity: Severity;
  readonly system: Pick<System, 'severities'>;
}): number | undefined {
  if (o.promiseMs === undefined) return undefined;
  const updates = o.system.severities[o.severity]?.updates ?? {};
  return Math.min(o.promiseMs, ...o.audiences.flatMap((audience) => updates[audience] ?? []));
}

/** The variables that every message may use. `org` lists names; a runbook's inputs may add more. */
export function messageValues(o: {
  readonly incident: Pick<Incident, 'id' | 'severity' | 'scope' | 'detectedAt'>;
  readonly system: Pick<System, 'components' | 'organizations' | 'name'>;
  readonly now: Instant;
  readonly promiseMs?: number;
}): JsonObject {
  const { orgs, components } = o.incident.scope;
  const names = o.system.organizations.filter((org) => orgs === 'all' || orgs.includes(org.id)).map((org) => org.name);
  const values: Record<string, Json> = {
    incident: o.incident.id,
    severity: o.incident.severity,
    system: o.system.name,
    components: components.map((id) => o.system.components.find((one) => one.id === id)?.title ?? id),
    org: names,
    detectedAt: o.incident.detectedAt,
  };
  return o.promiseMs === undefined ? values : { ...values, promise: o.promiseMs, nextUpdate: o.now + o.promiseMs };
}

/** Events of a plan, for the same change that carries its drafts: one `comms.planned` each, one `comms.promised` an audience. */
export function plannedEvents(plan: DeliveryPlan, o: { readonly at: Instant; readonly promiseMs?: number }): readonly EventDraft[] {
  const actor = { kind: 'engine', id: 'belay' } as const;
  const planned = plan.deliveries.map(
    (one): EventDraft => ({
      type: 'comms.planned',
      data: { delivery: one.id, audience: one.audience, channel: one.channel, template: one.template },
      at: o.at,
      actor,
    }),
  );
  if (o.promiseMs === undefined) return planned;
  const due = o.at + o.promiseMs;
  const audiences = [...new Set(plan.deliveries.map((one) => one.audience))];
  return [
    ...planned,
    ...audiences.map((audience): EventDraft => ({ type: 'comms.promised', data: { audience, at: due }, at: o.at, actor })),
  ];
}
