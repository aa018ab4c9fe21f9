// The door in front of webhooks: `/intake/<id>` and `/intake/<id>/<organization>`. What is answered with 200 is kept; what cannot be kept is
// refused, so that the sender comes again. What a message means is nobody's business here.
import { createHash } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { BelayError } from '../domain/errors.ts';
import { headersToKeep, INTAKE_LIMITS, type IntakeDraft, type IntakeSpec, idAt, isPlainRest } from '../domain/intake.ts';
import type { IntakeStore } from '../ports/intake-store.ts';
import type { Time } from '../ports/time.ts';
import type { AppEnv } from './guard.ts';
import { problemOf, problemResponse } from './problem.ts';
import { unreadProblem, whyNotFrom } from './verify-sender.ts';

export interface IntakeDoorDeps {
  readonly intakes: readonly IntakeSpec[];
  readonly organizations: readonly { readonly id: string }[];
  readonly store: IntakeStore;
  readonly time: Pick<Time, 'now' | 'uuid'>;
  /** Something is there to be handed on. */
  readonly onStored: () => void;
}

/** How many wait is asked anew after so long; in between the door counts itself. */
const COUNT_EVERY_MS = 1_000;

/** Before the gate of people: a sender has a secret of its own, not a person's token. */
export function mountIntakeDoor(app: Hono<AppEnv>, deps: IntakeDoorDeps): void {
  const limit = bodyLimit({ maxSize: INTAKE_LIMITS.bodyBytes, onError: () => refusal(tooLong, 413) });
  const room = roomOf(deps);
  app.on(['POST', 'PUT'], ['/intake/:id', '/intake/:id/*'], limit, async (c) => {
    const place = placeOf(c, deps);
    if (place instanceof Response) return place;
    const headers = Object.fromEntries(c.req.raw.headers);
    const why = unreadProblem(place.spec, headers, deps.time.now());
    if (why !== null) return refusal(new BelayError('BELAY_UNAUTHORIZED', `intake ${place.spec.id}: ${why}`, { hint: SEE }));
    return receive(c, { deps, room, place, headers });
  });
}

const SEE = 'See docs/intake/README.md.';
const tooLong = new BelayError('BELAY_INPUT_INVALID', `more than ${INTAKE_LIMITS.bodyBytes} bytes were sent`, { hint: SEE });

interface Place {
  readonly spec: IntakeSpec;
  readonly line: string;
  readonly rest: string;
}

function placeOf(c: Context<AppEnv>, deps: IntakeDoorDeps): Place | Response {
  const url = new URL(c.req.url);
  const [, , id = '', ...parts] = url.pathname.split('/');
  const spec = deps.intakes.find((one) => one.id === id);
  // Strangers may ask: it does not say which there are.
  const nobody = (): Response => refusal(new BelayError('BELAY_NOT_FOUND', 'no intake takes what is sent here', { hint: SEE }));
  if (spec === undefined) return nobody();
  const perOrg = spec.to.includes('{org}');
  const line = perOrg ? (parts.shift() ?? '') : '';
  if (perOrg && !deps.organizations.some((one) => one.id === line)) return nobody();
  const path = parts.length === 0 ? '' : `/${parts.join('/')}`;
  return isPlainRest(path) ? { spec, line, rest: `${path}${url.search}`.slice(0, INTAKE_LIMITS.headerBytes) } : nobody();
}

interface Receiving {
  readonly deps: IntakeDoorDeps;
  readonly room: Room;
  readonly place: Place;
  readonly headers: Readonly<Record<string, string>>;
}

async function receive(c: Context<AppEnv>, { deps, room, place, headers }: Receiving): Promise<Response> {
  const { spec, line, rest } = place;
  const raw = new Uint8Array(await c.req.arrayBuffer());
  const why = whyNotFrom(spec, { headers, raw, now: deps.time.now() });
  if (why !== null) return refusal(new BelayError('BELAY_UNAUTHORIZED', `intake ${spec.id}: ${why}`, { hint: SEE }));
  const body = textOf(raw);
  if (body === null || headers['content-encoding'] !== undefined)
    return refusal(new BelayError('BELAY_INPUT_INVALID', 'only plain UTF-8 text is taken, not compressed', { hint: SEE }), 415);
  const kept = headersToKeep(headers, spec.verify);
  if (kept === null) return refusal(new BelayError('BELAY_INPUT_INVALID', 'there are too many headers', { hint: SEE }), 431);
  try {
    if (!(await room.has(spec))) return full(spec);
    const id = idOf(spec, headers, body) ?? deps.time.uuid();
    const method = c.req.method as IntakeDraft['method'];
    const outcome = await deps.store.add({ intake: spec.id, line, id, at: deps.time.now(), method, rest, headers: kept, body });
    if (outcome === 'stored') room.took(spec);
    deps.onStored();
    return c.json({ id, stored: outcome === 'stored' }, 200);
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return refusal(error, error.code === 'BELAY_STORE_UNAVAILABLE' ? 503 : undefined);
  }
}

function textOf(raw: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    // The decoder has no question for it: it throws for what is no text.
    return null;
  }
}

/** Null: nothing of it says which one it is. */
function idOf({ idHeader, idPath }: IntakeSpec, headers: Receiving['headers'], body: string): string | null {
  const header = headers[idHeader.toLowerCase()] ?? '';
  // A long one is told apart by its digest: it must not be cut.
  if (header !== '') return header.length <= INTAKE_LIMITS.idChars ? header : createHash('sha256').update(header).digest('hex');
  if (idPath === undefined) return null;
  try {
    return idAt(JSON.parse(body), idPath);
  } catch {
    // What is no JSON has no place in it.
    return null;
  }
}

interface Room {
  has(spec: IntakeSpec): Promise<boolean>;
  took(spec: IntakeSpec): void;
}

function roomOf({ store, time }: IntakeDoorDeps): Room {
  let counted = { at: Number.NEGATIVE_INFINITY, waiting: new Map<string, number>() };
  return {
    has: async ({ id, most }) => {
      const now = time.now();
      if (now - counted.at > COUNT_EVERY_MS || now < counted.at)
        counted = { at: now, waiting: new Map(Object.entries(await store.waiting())) };
      return (counted.waiting.get(id) ?? 0) < most;
    },
    took: ({ id }) => void counted.waiting.set(id, (counted.waiting.get(id) ?? 0) + 1),
  };
}

const full = ({ id, most }: IntakeSpec): Response =>
  refusal(new BelayError('BELAY_STORE_UNAVAILABLE', `intake ${id} is full: ${most} messages wait`, { hint: 'Send it again later.' }), 503);

function refusal(error: BelayError, status?: number): Response {
  const problem = problemOf(error, status === undefined ? {} : { status });
  return problemResponse(problem, problem.status === 503 ? { 'retry-after': '2' } : {});
}
