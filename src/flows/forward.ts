// Hands on what intakes have kept: each line in its order, several lines at once, a line that is not taken again and again after a pause. A kill
// at any point repeats at most the one message of each line whose answer was not written down, under the same id. A message is set aside only
// when the one behind it was taken between two refusals of it: a receiver that refuses everybody keeps its line. Nothing is tried while the
// breaker of a line is open.
import { type Answer, restOf, retryAfterOf } from '../domain/breaker.ts';
import { BelayError } from '../domain/errors.ts';
import { addressOf, type Forwarded, type IntakeMessage, type IntakeSpec, judgeForward, pauseAfter } from '../domain/intake.ts';
import type { Http } from '../ports/http.ts';
import type { IntakeStore, Line } from '../ports/intake-store.ts';
import type { Time } from '../ports/time.ts';
import { type BreakerTurn, type BreakerWatch, closingLines, openLineBreaker } from './line-breaker.ts';
import { createLoop, type Loop } from './loop.ts';

export interface ForwardDeps {
  readonly intakes: readonly IntakeSpec[];
  readonly store: IntakeStore;
  readonly http: Http;
  readonly time: Time;
  /** This process may act: another one that shares the store hands on otherwise. */
  readonly mayAct: () => Promise<boolean>;
  readonly onError: (error: unknown) => void;
  /** A message that its receiver will not have. */
  readonly onAside?: (message: IntakeMessage, said: string) => void;
  readonly onBreaker?: (turn: BreakerTurn) => void;
}
export interface Forwarding {
  /** Something came, or a line was released. */
  wake(): void;
  stop(): Promise<void>;
}

const EVERY_MS = 500;
const MOST_LINES = 32;
const FORGET_EVERY_MS = 60_000;
const LONGEST_SAID = 200;

const NOTHING: Forwarding = { wake: () => undefined, stop: async () => undefined };

export function startForwarding(deps: ForwardDeps): Forwarding {
  if (deps.intakes.length === 0) return NOTHING;
  const stopping = new AbortController();
  const running = new Map<string, Promise<void>>();
  /** Lines that were not taken. */
  const resting = new Map<string, Rest & { readonly until: number }>();
  let loop: Loop | null = null;
  const begin = (spec: IntakeSpec, line: Line): void => {
    const key = keyOf(line);
    if (running.has(key) || running.size >= MOST_LINES || (resting.get(key)?.until ?? 0) > deps.time.monotonicMs()) return;
    const work = handOn(deps, spec, line, stopping.signal)
      .then((rest) => {
        if (rest === null) resting.delete(key);
        else resting.set(key, { ...rest, until: deps.time.monotonicMs() + rest.pauseMs });
        if (rest !== null) void deps.time.sleep(rest.pauseMs, stopping.signal).then(() => loop?.wake());
      }, deps.onError)
      .finally(() => {
        running.delete(key);
        loop?.wake();
      });
    running.set(key, work);
  };
  const turn = async (): Promise<void> => {
    if (!(await deps.mayAct())) return;
    // A breaker whose rest was ended by hand is tried now. A pause that the breaker did not ask for stays.
    if ([...resting.values()].some(({ isOfBreaker }) => isOfBreaker))
      for (const { breaker, ...line } of await deps.store.breakers())
        if (resting.get(keyOf(line))?.isOfBreaker === true && restOf(breaker, deps.time.now()) === 0) resting.delete(keyOf(line));
    for (const line of [...(await deps.store.ready()), ...(await closingLines(deps, deps.intakes))]) {
      const spec = deps.intakes.find((one) => one.id === line.intake);
      if (spec !== undefined) begin(spec, line);
    }
  };
  loop = createLoop({ time: deps.time, everyMs: EVERY_MS, turn, onError: deps.onError });
  const forgetting = createLoop({ time: deps.time, everyMs: FORGET_EVERY_MS, turn: () => forget(deps), onError: deps.onError });
  loop.start();
  forgetting.start();
  return {
    wake: () => loop?.wake(),
    stop: async () => {
      stopping.abort();
      await Promise.all([loop?.stop(), forgetting.stop()]);
      await Promise.all(running.values());
    },
  };
}

const keyOf = ({ intake, line }: Line): string => `${intake}/${line}`;

/** `isOfBreaker`: it ends when the breaker's does. */
interface Rest {
  readonly pauseMs: number;
  readonly isOfBreaker: boolean;
}

/** Until the line is empty, held, or not taken; then how long it rests. */
async function handOn(deps: ForwardDeps, spec: IntakeSpec, line: Line, signal: AbortSignal): Promise<Rest | null> {
  const breaker = await openLineBreaker(deps, spec, line);
  const tried = { ...deps, breaker };
  const restAfter = async (ownMs: number): Promise<Rest> => {
    const askedMs = await breaker.rest();
    return { pauseMs: Math.max(ownMs, askedMs), isOfBreaker: askedMs > ownMs };
  };
  while (!signal.aborted && (await deps.mayAct())) {
    const restMs = await breaker.rest();
    if (restMs > 0) return { pauseMs: restMs, isOfBreaker: true };
    const message = await deps.store.take(line, deps.time.now());
    if (message === null) return null;
    const openEveryMs = breaker.openEveryMs();
    const { outcome } = await attempt(tried, spec, message, { openEveryMs });
    if (outcome === 'delivered') continue;
    if (outcome === 'again' || signal.aborted || !(await othersAreTaken(tried, spec, message)))
      return restAfter(pauseAfter(message.tries, outcome));
    // Between the two the receiver may have come back: the message has another chance before it is blamed.
    const once = await deps.store.take(line, deps.time.now());
    if (once === null) return null;
    const again = await attempt(tried, spec, once, { openEveryMs, isBlamed: once.seq === message.seq });
    if (again.outcome === 'again' || (again.outcome === 'doubted' && once.seq !== message.seq))
      return restAfter(pauseAfter(once.tries, again.outcome));
    if (again.outcome === 'delivered') continue;
    await deps.store.setAside(once, deps.time.now(), again.said);
    deps.onAside?.(once, again.said);
  }
  return null;
}

type Trying = ForwardDeps & { readonly breaker: BreakerWatch };

interface Try {
  /** Of the breaker, before the first of these tries. */
  readonly openEveryMs?: number | null;
  /** The one behind it was taken: if this is refused, it is the message's failure and not the receiver's. */
  readonly isBlamed?: boolean;
}

/** One try, whose end is written down. */
async function attempt(
  { http, store, time, breaker }: Trying,
  spec: IntakeSpec,
  message: IntakeMessage,
  { openEveryMs = breaker.openEveryMs(), isBlamed = false }: Try = {},
): Promise<{ readonly outcome: Forwarded; readonly said: string }> {
  const { answer, said } = await send(http, spec, message);
  const outcome = judgeForward(answer?.status ?? null, message.tries, openEveryMs);
  const isItsOwn = isBlamed && outcome === 'doubted';
  if (answer !== null && !isItsOwn) await breaker.heard({ ...answer, retryAfterMs: retryAfterOf(answer.retryAfter) }, said);
  if (outcome === 'delivered') await store.delivered(message, time.now());
  else await store.failed(message, said);
  return { outcome, said };
}

/** The one behind it in the same line: other lines may have other receivers. */
async function othersAreTaken(deps: Trying, spec: IntakeSpec, message: IntakeMessage): Promise<boolean> {
  const other = await deps.store.takeBehind(message, deps.time.now());
  return other !== null && (await attempt(deps, spec, other)).outcome === 'delivered';
}

/** With what its `Retry-After` said. */
type Heard = Pick<Answer, 'status'> & { readonly retryAfter: string | undefined };

/** `answer` null: it was not even sent. */
async function send(
  http: Http,
  spec: IntakeSpec,
  message: IntakeMessage,
): Promise<{ readonly answer: Heard | null; readonly said: string }> {
  const headers = { ...message.headers, 'belay-message': message.id, 'belay-attempt': String(message.tries) };
  try {
    const { status, headers: said } = await http.request({
      method: message.method,
      url: addressOf(spec, message),
      headers,
      body: message.body,
      timeoutMs: spec.timeoutMs,
    });
    return { answer: { status, retryAfter: said['retry-after'] }, said: `answered ${status}` };
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    const answer = error.code === 'BELAY_HTTP_REFUSED' ? null : { status: null, retryAfter: undefined };
    return { answer, said: error.message.slice(0, LONGEST_SAID) };
  }
}

async function forget({ intakes, store, time, mayAct }: ForwardDeps): Promise<void> {
  if (!(await mayAct())) return;
  for (const { id, rememberMs } of intakes) await store.forget(id, time.now() - rememberMs);
}
