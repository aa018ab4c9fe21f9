// A list of active alerts, in the form of Alertmanager's API version 2, as samples: those that fire, and those that fired and are over.
// It takes their word for nothing but what they say, and sends nothing.
import { Unusable } from '../../domain/answer.ts';
import type { Instant } from '../../domain/json.ts';
import { fieldsIn, isFields, labelsOf, textIn } from '../../domain/received.ts';
import type { Cursor, Sample } from '../../domain/signal.ts';
import { OVERFLOW_SCOPE } from '../../domain/signal.ts';
import { keyOf } from '../../domain/standing.ts';

export const MOST_ALERTS = 10_000;
/** Combinations of labels of which it is known that they fired. */
const MOST_SERIES = 500;
const NAME = 'alert_firing';

type Labels = Readonly<Record<string, string>>;

interface Active {
  readonly id: string;
  readonly labels: Labels;
}

/** @throws Unusable: a list of which a part cannot be read is incomplete, and what it leaves out would look over */
export function activeIn(json: unknown, org: string): readonly Active[] {
  if (!Array.isArray(json)) throw new Unusable('the answer is not a list of alerts');
  if (json.length > MOST_ALERTS)
    throw new Unusable(`the list is incomplete: ${json.length} alerts, ${MOST_ALERTS} are the most; narrow it by filter`);
  return json.flatMap((one, index): readonly Active[] => {
    const { labels, status, fingerprint, startsAt } = fieldsIn(one);
    const { state } = fieldsIn(status);
    if (!isFields(labels) || !['active', 'suppressed', 'unprocessed'].includes(textIn(state)))
      throw new Unusable(`alert ${index} of the list has no labels or no state`);
    if (!/^[\w-]{1,64}$/.test(textIn(fingerprint))) throw new Unusable(`alert ${index} of the list has no fingerprint`);
    const began = Date.parse(textIn(startsAt));
    if (!Number.isFinite(began)) throw new Unusable(`alert ${index} of the list has no startsAt`);
    if (state !== 'active') return [];
    const own = (name: string): unknown => (Object.hasOwn(labels, name) ? labels[name] : undefined);
    return [
      {
        id: `${textIn(fingerprint)}/${began}`,
        labels: labelsOf({ alertname: own('alertname'), severity: own('severity'), org: own(org) }),
      },
    ];
  });
}

/** `before`: which fired at the reading before, by their name and labels. */
export function samplesOf(
  active: readonly Active[],
  before: Cursor,
  at: Instant,
): { readonly samples: readonly Sample[]; readonly cursor: Cursor; readonly folded: number } {
  const known = new Map<string, Labels>();
  for (const key of Object.keys(before)) known.set(key, labelsIn(key));
  const counted = new Map<string, Sample>();
  const firing = new Set<string>();
  let folded = 0;
  for (const { id, labels: own } of active) {
    const isRoom = known.has(keyOf(NAME, own)) || known.size < MOST_SERIES;
    if (!isRoom) folded += 1;
    const labels = isRoom ? own : Object.fromEntries(Object.keys(own).map((name) => [name, OVERFLOW_SCOPE]));
    const key = keyOf(NAME, labels);
    known.set(key, labels);
    firing.add(key);
    counted.set(id, { kind: 'delta', id, name: 'alerts', labels, at, delta: 1 });
  }
  const states = [...known].map(([key, labels]): Sample => ({ kind: 'value', name: NAME, labels, at, value: firing.has(key) ? 1 : 0 }));
  const cursor = Object.fromEntries([...known.keys()].map((key) => [key, firing.has(key) ? 1 : 0]));
  return {
    samples: [...counted.values(), ...states, { kind: 'value', name: 'alerts_active', labels: {}, at, value: active.length }],
    cursor,
    folded,
  };
}

function labelsIn(key: string): Labels {
  const [, ...flat] = JSON.parse(key) as readonly string[];
  return Object.fromEntries(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : [])));
}
