// Three protocols of an act, as small as they can be, and everything that can happen to them: a crash at every atomic point, up to three of them,
// and one deploy of somebody else at any moment. All orders are gone through; nothing here knows the product.

export type Live = 'good' | 'bad' | 'foreign';
interface Target {
  readonly live: Live;
  readonly previous: Live;
  /** Moves with every change. */
  readonly revision: number;
}
interface Journal {
  /** The revision that the open intent expected; null: none is open. */
  readonly intent: number | null;
  readonly attempted: boolean;
  readonly outcome: 'none' | 'done' | 'unknown' | null;
}
interface State {
  readonly target: Target;
  readonly journal: Journal;
  /** Where this life stands, and what it has seen. Lost in a crash. */
  readonly at: string;
  readonly seen: Target | null;
  readonly crashes: number;
  readonly foreignTo: Live | null;
  readonly acts: number;
  readonly clobbered: boolean;
  readonly broughtBack: boolean;
}

export interface Terminal {
  readonly status: 'done' | 'noop' | 'conflict' | 'unknown';
  readonly live: Live;
  readonly journal: Journal['outcome'];
  readonly foreign: boolean;
  readonly acts: number;
  readonly brokenBack: boolean;
  readonly clobbered: boolean;
  /** The journal says that it was done, and it was not; or that it was not, and it was. */
  readonly lies: boolean;
}

type Step = { readonly next: State } | { readonly status: Terminal['status'] };
type Protocol = (state: State) => Step;

const PLANNED_REVISION = 1;
const MOST_CRASHES = 3;

const change = (state: State, live: Live): State => ({
  ...state,
  target: { live, previous: state.target.live, revision: state.target.revision + 1 },
  acts: state.acts + 1,
  clobbered: state.clobbered || (state.foreignTo !== null && state.target.revision > PLANNED_REVISION && state.target.live === 'foreign'),
  broughtBack: state.broughtBack || live === 'bad',
});
const note = (state: State, journal: Partial<Journal>): State => ({ ...state, journal: { ...state.journal, ...journal } });
const to = (state: State, at: string): { readonly next: State } => ({ next: { ...state, at } });

/** "Back to the one before", tried again until its outcome stands in the journal. */
export const relative: Protocol = (state) => {
  switch (state.at) {
    case 'begin':
      return state.journal.outcome === 'done'
        ? { status: 'done' }
        : to(note(state, { intent: state.target.revision, attempted: true }), 'act');
    case 'act':
      return to(change(state, state.target.previous), 'outcome');
    default:
      return state.journal.outcome === 'done' ? { status: 'done' } : to(note(state, { intent: null, outcome: 'done' }), 'end');
  }
};

/** "Put exactly this there", whatever is there. */
export const explicit: Protocol = (state) => {
  switch (state.at) {
    case 'begin':
      return state.journal.outcome === 'done'
        ? { status: 'done' }
        : to(note(state, { intent: state.target.revision, attempted: true }), 'act');
    case 'act':
      return to(state.target.live === 'good' ? state : change(state, 'good'), 'confirm');
    case 'confirm':
      return state.target.live === 'good' ? to(state, 'outcome') : { status: 'unknown' };
    default:
      return state.journal.outcome === 'done' ? { status: 'done' } : to(note(state, { intent: null, outcome: 'done' }), 'end');
  }
};

/** Observe, compare, act only on what was compared, confirm by effect: the product's own. */
export const compared: Protocol = (state) => {
  const { journal, target, seen } = state;
  switch (state.at) {
    case 'begin':
      return to({ ...state, seen: target }, 'judge');
    case 'judge':
      return judge(state);
    case 'intent':
      return to(note(state, { intent: seen?.revision ?? 0, attempted: true }), 'act');
    case 'act':
      if (target.revision !== journal.intent) return to(note(state, { intent: null, outcome: 'none' }), 'conflict');
      return to(change(state, 'good'), 'confirm');
    case 'confirm':
      return to({ ...state, seen: target }, 'confirmed');
    case 'confirmed':
      return seen?.live === 'good'
        ? to(note(state, { intent: null, outcome: 'done' }), 'done')
        : to(note(state, { intent: null, outcome: 'unknown' }), 'unknown');
    default:
      return { status: state.at as Terminal['status'] };
  }
};

function judge(state: State): Step {
  const { journal, seen } = state;
  if (seen === null) throw new Error('nothing was observed');
  if (seen.live === 'good') return journal.attempted ? to(state, 'confirm') : { status: 'noop' };
  if (journal.intent === null && journal.outcome === 'done') return { status: 'done' };
  if (journal.intent === null && journal.outcome === 'unknown') return { status: 'unknown' };
  if (journal.intent !== null && seen.revision !== journal.intent) return to(note(state, { intent: null, outcome: 'unknown' }), 'unknown');
  return seen.revision === PLANNED_REVISION ? to(state, 'intent') : { status: 'conflict' };
}

/** Every end that any order of steps, crashes and one foreign deploy leads to, each once. */
export function explore(protocol: Protocol, foreignTo: Live): readonly Terminal[] {
  const ends = new Map<string, Terminal>();
  const known = new Set<string>();
  const first: State = {
    target: { live: 'bad', previous: 'good', revision: PLANNED_REVISION },
    journal: { intent: null, attempted: false, outcome: null },
    at: 'begin',
    seen: null,
    crashes: 0,
    foreignTo: null,
    acts: 0,
    clobbered: false,
    broughtBack: false,
  };
  const open: State[] = [first];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const key = JSON.stringify(state);
    if (known.has(key)) continue;
    known.add(key);
    const step = protocol(state);
    if ('next' in step) open.push(step.next);
    else {
      const end = endOf(state, step.status);
      ends.set(JSON.stringify(end), end);
    }
    if (state.crashes < MOST_CRASHES) open.push({ ...state, at: 'begin', seen: null, crashes: state.crashes + 1 });
    if (state.foreignTo === null) {
      const { live, revision } = state.target;
      open.push({ ...state, foreignTo, target: { live: foreignTo, previous: live, revision: revision + 1 } });
    }
  }
  return [...ends.values()];
}

function endOf(state: State, status: Terminal['status']): Terminal {
  const { target, journal, acts, foreignTo, clobbered, broughtBack } = state;
  const madeGood = acts > 0 && !broughtBack;
  const lies = (journal.outcome === 'done' && !madeGood && foreignTo !== 'good') || (journal.outcome === 'none' && acts > 0);
  return {
    status,
    live: target.live,
    journal: journal.outcome,
    foreign: foreignTo !== null,
    acts,
    brokenBack: broughtBack,
    clobbered,
    lies,
  };
}
