// The public projection of incidents: four words, components, times. No organization is ever named, drills never show.
import type { Event } from './event.ts';
import { listOf } from './event-text.ts';
import type { Incident, Phase } from './incident.ts';
import type { Instant } from './json.ts';
import type { Lang, System } from './system.ts';
import type { PublicWord } from './text/status-texts.ts';
import { STATUS_TEXTS } from './text/status-texts.ts';

export type { PublicWord } from './text/status-texts.ts';

export interface PublicUpdate {
  readonly at: Instant;
  readonly word: PublicWord;
  readonly text: string;
  readonly texts: Readonly<Record<Lang, string>>;
}

export interface PublicIncident {
  readonly id: string;
  readonly word: PublicWord;
  readonly severity: string;
  readonly components: readonly string[];
  readonly since: Instant;
  readonly resolvedAt: Instant | null;
  readonly updates: readonly PublicUpdate[];
}

/** Keeps the shape of the status page's port. */
export interface PublicStatus {
  readonly title: string;
  readonly lang: Lang;
  readonly zone: string;
  readonly generatedAt: Instant;
  readonly expectNextBy: Instant | null;
  readonly overall: 'operational' | 'degraded' | 'outage';
  readonly incidents: readonly PublicIncident[];
}

const SHOWN_FOR_MS = 14 * 24 * 3_600_000;
const SHOWN_COUNT = 20;
const HIDDEN: readonly Phase[] = ['triage', 'cancelled', 'merged'];

export function statusModel(o: {
  readonly system: Pick<System, 'name' | 'lang' | 'zone' | 'components' | 'audiences' | 'statusPage'>;
  readonly incidents: readonly { readonly incident: Incident; readonly events: readonly Event[] }[];
  readonly now: Instant;
  /** The page is renewed at least this often, so that a reader can tell a quiet page from a dead one. */
  readonly renewMs: number;
}): PublicStatus {
  const shown = o.incidents
    .filter(
      ({ incident }) =>
        incident.kind === 'real' && !HIDDEN.includes(incident.phase) && o.now - (incident.resolvedAt ?? o.now) < SHOWN_FOR_MS,
    )
    .toSorted((a, b) => b.incident.declaredAt - a.incident.declaredAt)
    .slice(0, SHOWN_COUNT);
  const open = shown.filter(({ incident }) => wordOf(incident.phase) !== 'resolved');
  const promised = open.flatMap(({ events }) => publicPromise(o.system, events) ?? []);
  return {
    title: o.system.statusPage?.title ?? o.system.name,
    lang: o.system.lang,
    zone: o.system.zone,
    generatedAt: o.now,
    expectNextBy: Math.min(o.now + o.renewMs, ...promised),
    overall: open.length === 0 ? 'operational' : open.some(({ incident }) => incident.severity === 'P0') ? 'outage' : 'degraded',
    incidents: shown.map(({ incident, events }) => publicIncident(o.system, incident, events)),
  };
}

function publicIncident(system: Pick<System, 'lang' | 'components'>, incident: Incident, events: readonly Event[]): PublicIncident {
  const word = wordOf(incident.phase);
  return {
    id: incident.id,
    word,
    severity: incident.severity,
    components: incident.scope.components.map((id) => system.components.find((one) => one.id === id)?.title ?? id),
    since: incident.detectedAt,
    resolvedAt: word === 'resolved' ? (incident.resolvedAt ?? null) : null,
    updates: updatesOf(system, incident, events),
  };
}

/** Newest first. */
function updatesOf(system: Pick<System, 'lang' | 'components'>, incident: Incident, events: readonly Event[]): readonly PublicUpdate[] {
  const updates: PublicUpdate[] = [];
  for (const event of events) {
    if (event.type !== 'phase.entered' || HIDDEN.includes(event.data.to) || event.data.to === 'closed') continue;
    const { to, from } = event.data;
    const texts = {
      en: say('en', system, incident, { from, to, onContingency: event.data.onContingency ?? false }),
      'pt-BR': say('pt-BR', system, incident, { from, to, onContingency: event.data.onContingency ?? false }),
    };
    updates.unshift({ at: event.at, word: wordOf(to), text: texts[system.lang], texts });
  }
  return updates;
}

function say(
  lang: Lang,
  system: Pick<System, 'components'>,
  incident: Incident,
  entered: { readonly from: Phase; readonly to: Phase; readonly onContingency: boolean },
): string {
  const t = STATUS_TEXTS[lang];
  const components = listOf(
    incident.scope.components.map((id) => system.components.find((one) => one.id === id)?.title ?? id),
    lang,
  );
  if (entered.to === 'responding')
    return entered.from === 'triage' ? t.investigating(components, incident.scope.orgs === 'all') : t.again(components);
  if (entered.to === 'mitigated') return t.mitigated;
  if (entered.to === 'watching') return t.watching;
  return entered.onContingency ? t.resolvedOnContingency : t.resolved;
}

/** What the public is told of a phase. A cause is only called identified once the log holds one. */
export function wordOf(phase: Phase): PublicWord {
  if (phase === 'mitigated' || phase === 'watching') return 'monitoring';
  if (phase === 'resolved' || phase === 'closed') return 'resolved';
  return 'investigating';
}

/** The last promise to people outside, if the incident made one. */
function publicPromise(system: Pick<System, 'audiences'>, events: readonly Event[]): Instant | null {
  const outside = new Set(system.audiences.filter((one) => one.kind === 'customers' || one.kind === 'public').map((one) => one.id));
  const promise = events.findLast((event) => event.type === 'comms.promised' && outside.has(event.data.audience));
  return promise?.type === 'comms.promised' ? promise.data.at : null;
}
