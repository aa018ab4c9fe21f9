// What happened while a signal was measured and may explain it: releases and flows that changed, incidents that began and ended.
// Targets are only asked, each for a short while: one that does not answer is named, and keeps nobody waiting.
import { BelayError } from '../domain/errors.ts';
import type { Incident } from '../domain/incident.ts';
import type { Instant } from '../domain/json.ts';
import type { Mark, Span } from '../domain/series.ts';
import type { ReadWorld } from './snapshot.ts';

/** A screen waits no longer for a target. */
const PATIENCE_MS = 1_500;
const LOOKED_THROUGH = 200;
/** Incidents whose log is read for the change that was suspected. */
const MOST_LOGS = 5;

export interface MarksAsked extends Span {
  readonly trigger: string;
  readonly org: string;
}

export async function marksOf(
  world: ReadWorld,
  asked: MarksAsked,
): Promise<{ readonly marks: readonly Mark[]; readonly unasked: readonly string[] }> {
  const [changes, incidents] = await Promise.all([changesOf(world, asked.org), incidentMarks(world, asked)]);
  const found = [...changes.marks, ...incidents].filter(({ at }) => at >= asked.from && at <= asked.to);
  const once = new Map(found.map((one) => [`${one.at} ${one.what} ${one.label}`, one]));
  return { marks: [...once.values()].sort((a, b) => a.at - b.at), unasked: changes.unasked };
}

interface Changed {
  readonly name: string;
  readonly at: Instant;
  readonly from: string | null;
  readonly to: string;
}

async function changesOf(world: ReadWorld, org: string): Promise<{ readonly marks: readonly Mark[]; readonly unasked: readonly string[] }> {
  const targets = Object.entries(world.targets).map(([name, target]) =>
    lastChange(world, name, async () => {
      const { changedAt, previous, release } = await target.current();
      return { name, at: changedAt, from: previous, to: release };
    }),
  );
  const switches = Object.entries(org === '' ? {} : world.switches).map(([name, flow]) =>
    lastChange(world, name, async () => {
      const { changedAt, previous, value } = await flow.get(org);
      return { name, at: changedAt, from: previous, to: value };
    }),
  );
  const found = await Promise.all([...targets, ...switches]);
  return {
    marks: found.flatMap((one) => (typeof one === 'string' ? [] : [{ at: one.at, what: 'change' as const, label: labelOf(one) }])),
    unasked: found.filter((one) => typeof one === 'string'),
  };
}

const labelOf = ({ name, from, to }: Changed): string => (from === null ? `${name}: ${to}` : `${name}: ${from} → ${to}`);

/** The name alone: it did not answer. */
async function lastChange({ time }: Pick<ReadWorld, 'time'>, name: string, ask: () => Promise<Changed>): Promise<Changed | string> {
  const patience = new AbortController();
  try {
    return await Promise.race([ask(), time.sleep(PATIENCE_MS, patience.signal).then(() => name)]);
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return name;
  } finally {
    patience.abort();
  }
}

async function incidentMarks(world: ReadWorld, { trigger, org, from, to }: MarksAsked): Promise<readonly Mark[]> {
  const incidents = await world.incidents.list({ limit: LOOKED_THROUGH });
  const mine = incidents.filter((one) => one.trigger === trigger && touches(one, org) && one.detectedAt <= to && endOf(one, to) >= from);
  const suspected = await Promise.all(mine.slice(0, MOST_LOGS).map((one) => suspectedOf(world, one)));
  return [
    ...suspected.flat(),
    ...mine.flatMap((one): Mark[] => {
      const end = one.resolvedAt ?? one.endedAt;
      return [
        { at: one.detectedAt, what: 'incident-began', label: one.id },
        ...(end === undefined ? [] : [{ at: end, what: 'incident-ended' as const, label: one.id }]),
      ];
    }),
  ];
}

const touches = ({ scope }: Incident, org: string): boolean => scope.orgs === 'all' || org === '' || scope.orgs.includes(org);
const endOf = ({ resolvedAt, endedAt }: Incident, otherwise: Instant): Instant => resolvedAt ?? endedAt ?? otherwise;

/** The change that came right before: a target that was rolled back since tells of it no more. */
async function suspectedOf(world: ReadWorld, { id }: Incident): Promise<readonly Mark[]> {
  return (await world.incidents.events(id)).flatMap((event): Mark[] => {
    if (event.type !== 'cause.suspected') return [];
    const at = event.data.facts['at'];
    return typeof at === 'number' ? [{ at, what: 'change', label: event.data.what }] : [];
  });
}
