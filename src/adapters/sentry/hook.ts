// One webhook of a Sentry integration as one count. Resources and actions that it does not know are counted under their names.
import { createHash } from 'node:crypto';
import { type Fields, fieldsIn, isFields, labelsOf, refused, textIn } from '../../domain/received.ts';
import type { Sample } from '../../domain/signal.ts';

/** Where the project and the level of each resource stand. */
const PLACES: Readonly<
  Record<string, (data: Fields, action: string) => { readonly from: Fields; readonly project: unknown; readonly level: unknown }>
> = {
  issue: ({ issue }) => {
    const from = fieldsIn(issue);
    return { from, project: fieldsIn(from['project'])['slug'], level: from['level'] };
  },
  error: ({ error }) => eventPlaces(fieldsIn(error)),
  event_alert: ({ event }) => eventPlaces(fieldsIn(event)),
  metric_alert: ({ metric_alert: alert }, action) => {
    const from = fieldsIn(alert);
    const projects = from['projects'];
    // A metric alert has no level of its own: what it says is its action.
    return { from, project: Array.isArray(projects) ? projects[0] : undefined, level: action };
  },
};

/**
 * The id is made of the signed bytes: neither the request id nor the time is signed, so a recorded delivery could come with others.
 * @throws BELAY_INPUT_INVALID
 */
export function sampleOfHook(body: unknown, o: { readonly resource: string; readonly raw: Uint8Array; readonly at: number }): Sample {
  if (!isFields(body)) throw refused('the body is not a webhook of Sentry');
  const action = textIn(body['action']);
  if (action === '') throw refused('the body has no action');
  const places = Object.hasOwn(PLACES, o.resource) ? PLACES[o.resource] : undefined;
  const found = places?.(fieldsIn(body['data']), action);
  // The header is not signed: it must fit what is.
  if (found !== undefined && Object.keys(found.from).length === 0) throw refused(`the body is not about ${o.resource}`);
  return {
    kind: 'delta',
    id: createHash('sha256').update(o.raw).digest('hex').slice(0, 32),
    name: 'sentry_events',
    labels: labelsOf({ project: found?.project, level: found?.level, action, resource: o.resource }),
    // By arrival: what is sent again after the store was away must still fall into the window.
    at: o.at,
    delta: 1,
  };
}

function eventPlaces(from: Fields): { readonly from: Fields; readonly project: unknown; readonly level: unknown } {
  return { from, project: from['project'], level: from['level'] };
}
