// What commands ask of the API, in its own shapes.

import { BelayError } from '../domain/errors.ts';
import type { Event } from '../domain/event.ts';
import type { Incident } from '../domain/incident.ts';
import type { IncidentRow } from '../domain/incident-list.ts';
import type { IncidentView } from '../domain/incident-view.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Client } from './client.ts';
import type { Overview, Status } from './status-text.ts';

export interface ShownIncident {
  readonly incident: Incident;
  readonly view: IncidentView;
}

export function getIncident(client: Client, id: string): Promise<ShownIncident> {
  return client.get<ShownIncident>(`/v1/incidents/${encodeURIComponent(id)}`);
}

/** All of them: the API answers in pages. */
export async function getEvents(client: Client, id: string, after = 0): Promise<readonly Event[]> {
  const events: Event[] = [];
  for (let next: number | null = after; next !== null; ) {
    const page: { events: readonly Event[]; next: number | null } = await client.get(
      `/v1/incidents/${encodeURIComponent(id)}/events?after=${next}`,
    );
    events.push(...page.events);
    next = page.next;
  }
  return events;
}

export async function getOverview(client: Client): Promise<Overview> {
  const [status, { summaries, triggers }, { incidents }] = await Promise.all([
    client.get<Status>('/v1/status'),
    client.get<Pick<Overview, 'summaries' | 'triggers'>>('/v1/triggers'),
    client.get<{ incidents: readonly IncidentRow[] }>('/v1/incidents?open=false'),
  ]);
  return { status, summaries, triggers, past: incidents };
}

/** `name=value` pairs. Numbers and truth values are recognised where `typed` says so; otherwise by how they look. */
export function pairs(given: readonly string[], flag: string, typed: (name: string, text: string) => Json = guess): JsonObject {
  return Object.fromEntries(
    given.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new BelayError('BELAY_USAGE', `${flag} ${pair} is not name=value.`, { hint: `Write it as ${flag} name=value` });
      const name = pair.slice(0, at);
      return [name, typed(name, pair.slice(at + 1))];
    }),
  );
}

function guess(_name: string, text: string): Json {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

const LEAST_HASH = 8;

/** A hash, or the beginning of one that is long enough to mean this plan and no other. */
export function hashOption(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const hash = text.toLowerCase();
  if (/^[0-9a-f]+$/.test(hash) && hash.length >= LEAST_HASH && hash.length <= 64) return hash;
  throw new BelayError('BELAY_USAGE', `--plan "${text}" is not the hash of a plan.`, {
    hint: `Write all of it, or at least its first ${LEAST_HASH} characters.`,
  });
}
