// The one screen as values: one big clock, the exact next action, why not, and what comes to pass if nobody acts.
import { describe, expect, test } from 'vitest';
import { type Event, type EventDraft, GENESIS } from '../../src/domain/event.ts';
import { foldLog } from '../../src/domain/incident-fold.ts';
import { incidentRow, sortRows } from '../../src/domain/incident-list.ts';
import { type IncidentView, incidentView, type ViewSources } from '../../src/domain/incident-view.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { RUNBOOK, SYSTEM } from '../server/story-system.ts';

const T = Date.parse('2026-03-01T06:00:00Z');
const MIN = 60_000;
const BELAY = { kind: 'engine', id: 'belay' } as const;
const at = (ms: number) => ({ at: T + ms, actor: BELAY });

const PLAN: Plan = {
  runbook: 'org-rollback',
  version: '1.0.0',
  irHash: 'ir',
  inputs: { org: 'acme' },
  org: 'acme',
  steps: [
    { id: 'go', kind: 'approve', title: 'Approve the switch', effect: 'none' },
    {
      id: 'switch',
      kind: 'do',
      title: 'Switch',
      action: 'flow.set',
      args: { switch: 'checkout', org: 'acme', to: 'stable' },
      current: 'next',
      desired: 'stable',
      effect: 'change',
      undo: { action: 'flow.set', args: { to: 'next' } },
    },
  ],
  planHash: 'hash-1',
  guards: [],
  unknowns: [],
};

const DECLARED: EventDraft = {
  type: 'incident.declared',
  data: {
    number: 1,
    kind: 'real',
    severity: 'P1',
    orgs: ['acme'],
    components: ['shop'],
    trigger: 'http-5xx',
    runbook: 'org-rollback',
    fingerprint: 'f',
    detectedAt: T,
    run: 'run-1',
  },
  ...at(0),
};
const STARTED: EventDraft = {
  type: 'run.started',
  data: { run: 'run-1', runbook: 'org-rollback', irHash: 'ir', planHash: 'hash-1', inputs: {} },
  ...at(10),
};
const CLOCK: EventDraft = {
  type: 'clock.started',
  data: { clock: 'mitigate', startedAt: T, deadline: T + 15 * MIN, warnAt: T + 12 * MIN },
  ...at(20),
};
const asked = (more: Partial<Extract<EventDraft, { type: 'approval.requested' }>['data']> = {}): EventDraft => ({
  type: 'approval.requested',
  data: { id: 'a1', step: 'go', planHash: 'hash-1', from: ['commander'], min: 1, fourEyes: false, expiresAt: T + 30 * MIN, ...more },
  ...at(30),
});
const begun = (step: string, kind: string): EventDraft => ({
  type: 'step.started',
  data: { step, kind, title: step, attempt: 1 },
  ...at(25),
});

function seal(drafts: readonly EventDraft[]): readonly Event[] {
  return drafts.map(
    (draft, index) =>
      ({
        ...draft,
        v: 1,
        seq: index + 1,
        incident: 'INC-1',
        observedAt: draft.at,
        prev: index === 0 ? GENESIS : `h${index}`,
        hash: `h${index + 1}`,
      }) as Event,
  );
}

function view(drafts: readonly EventDraft[], more: Partial<ViewSources> = {}): IncidentView {
  const events = seal([DECLARED, STARTED, CLOCK, ...drafts]);
  const incident = foldLog(events);
  if (incident === null) throw new Error('no incident');
  const quiet = { paused: false, by: [] };
  return incidentView({
    incident,
    events,
    timers: [],
    deliveries: [],
    triggers: [],
    pause: quiet,
    runbook: RUNBOOK,
    plan: PLAN,
    system: SYSTEM,
    now: T + 5 * MIN,
    viewer: { person: 'ana', roles: ['commander'] },
    ...more,
  });
}

describe('the clock', () => {
  test('the next deadline is the big one; promises and approvals stand beside it', () => {
    const shown = view([asked()], { timers: [{ id: 'p', at: T + 10 * MIN, kind: 'promise', data: { audience: 'team' } }] });
    expect(shown.clock).toMatchObject({ kind: 'promise', id: 'team' });
    expect(shown.otherClocks.map((clock) => clock.kind)).toEqual(['clock', 'approval']);
  });

  test('a late clock stays in sight but gives the big place to one that can still be met', () => {
    const shown = view([asked()], { now: T + 20 * MIN });
    expect(shown.clock).toMatchObject({ kind: 'approval', state: 'running' });
    expect(shown.otherClocks).toMatchObject([{ id: 'mitigate', state: 'late' }]);
  });

  test('an approval without a limit is no clock, and waiting is what comes of doing nothing', () => {
    const shown = view([asked({ expiresAt: T + 365 * 86_400_000 })]);
    expect(shown.clock?.id).toBe('mitigate');
    expect(shown.ifNothing).toMatchObject({ key: 'nothing.approvalWaits', at: null });
  });

  test('after the end only the temporary measure runs on', () => {
    const shown = view([
      {
        type: 'contingency.opened',
        data: { step: 'switch', action: 'flow.set', scope: 'acme', owner: 'commander', expiresAt: T + 86_400_000 },
        ...at(40),
      },
      { type: 'clock.stopped', data: { clock: 'mitigate', met: true, by: 'step.answers' }, ...at(41) },
      { type: 'phase.entered', data: { from: 'triage', to: 'resolved', onContingency: true }, ...at(42) },
    ]);
    expect(shown.clock).toMatchObject({ kind: 'contingency' });
    expect(shown.ifNothing).toMatchObject({ key: 'nothing.contingency', facts: { owner: 'commander' } });
    expect(shown.headline).toMatchObject({ open: false, onContingency: true });
  });
});

describe('the next action', () => {
  test('while an approval is open it is the change that it would let run, with resolved arguments, reach and undo', () => {
    const shown = view([begun('go', 'approve'), asked()]);
    expect(shown.next).toMatchObject({
      step: 'switch',
      status: 'needs-approval',
      position: 4,
      total: 7,
      action: 'flow.set',
      args: { org: 'acme', to: 'stable' },
      current: 'next',
      desired: 'stable',
      undo: { action: 'flow.set' },
      blast: { orgs: ['acme'], targets: ['checkout'], changes: 1 },
    });
    expect(shown.steps.find((step) => step.id === 'go')?.status).toBe('waiting');
  });

  test('otherwise it is what runs, then what comes behind the last step that was reached', () => {
    expect(view([begun('switch', 'do')]).next).toMatchObject({ step: 'switch', status: 'running' });
    const done: EventDraft = { type: 'step.finished', data: { step: 'switch', attempt: 1, status: 'done', detail: {} }, ...at(50) };
    expect(view([begun('switch', 'do'), done]).next).toMatchObject({ step: 'answers', status: 'pending' });
  });

  test('a run that has ended has none', () => {
    const shown = view([{ type: 'run.finished', data: { run: 'run-1', outcome: 'failed', reason: 'answers: no' }, ...at(50) }]);
    expect(shown.next).toBeNull();
    expect(shown.ifNothing).toMatchObject({ key: 'nothing.runStopped', facts: { reason: 'answers: no' } });
  });
});

describe('approving', () => {
  test('it is ready for a named role and says for everybody else why not', () => {
    expect(view([asked()]).approve).toMatchObject({ state: 'ready', missing: 1 });
    expect(view([asked()], { viewer: { person: 'bob', roles: ['comms'] } }).approve).toMatchObject({
      state: 'blocked',
      why: { key: 'why.needsRole', facts: { roles: ['commander'] } },
    });
    expect(view([asked()], { now: T + 31 * MIN }).approve).toMatchObject({ state: 'blocked', why: { key: 'why.expired' } });
  });

  test('what cannot be shown cannot be approved: a plan that is missing or another one blocks', () => {
    expect(view([asked()], { plan: null }).approve).toMatchObject({ state: 'blocked', why: { key: 'why.planUnreadable' } });
    expect(view([asked()], { plan: { ...PLAN, planHash: 'hash-2' } }).approve).toMatchObject({
      state: 'blocked',
      why: { key: 'why.planChanged' },
    });
  });

  test('one grant of two blocks the same person and stays ready for another', () => {
    const events: EventDraft[] = [
      asked({ min: 2 }),
      { type: 'approval.granted', data: { id: 'a1', planHash: 'hash-1', by: 'ana' }, ...at(60) },
    ];
    expect(view(events).approve).toMatchObject({ state: 'blocked', missing: 1, why: { key: 'why.alreadyGranted' } });
    expect(view(events, { viewer: { person: 'eva', roles: ['commander'] } }).approve).toMatchObject({ state: 'ready', missing: 1 });
  });

  test('with nothing to approve it says what the incident is doing instead', () => {
    expect(view([]).approve).toMatchObject({ state: 'none', why: { key: 'why.byItself' } });
    expect(view([{ type: 'phase.entered', data: { from: 'triage', to: 'resolved' }, ...at(60) }]).approve).toMatchObject({
      state: 'none',
      why: { key: 'why.ended' },
    });
  });
});

describe('if nobody does anything', () => {
  const waiting: EventDraft[] = [
    begun('look', 'manual'),
    { type: 'step.waiting', data: { step: 'look', kind: 'manual', who: 'comms', ask: 'Look', count: 1, answers: {} }, ...at(60) },
  ];

  test('a pause outweighs everything else', () => {
    const pause = { paused: true, by: [{ where: 'file' as const, who: 'cli', reason: 'x', at: T }] };
    expect(view([asked()], { pause }).ifNothing.key).toBe('nothing.paused');
  });

  test('an approval ends or is escalated as its step says, at its own time', () => {
    expect(view([asked()]).ifNothing).toEqual({ key: 'nothing.approvalEscalates', facts: {}, at: T + 30 * MIN });
    expect(view([asked({ step: null })]).ifNothing).toMatchObject({ key: 'nothing.approvalEnds', at: T + 30 * MIN });
  });

  test('a task names whom the clock escalates to, and who may answer it', () => {
    const shown = view(waiting);
    expect(shown.ifNothing).toMatchObject({ key: 'nothing.taskEscalates', facts: { to: 'cto' }, at: T + 15 * MIN });
    expect(shown.tasks[0]).toMatchObject({
      step: 'look',
      who: 'comms',
      mayAnswer: false,
      checks: [{ ticked: false }, { ticked: false }],
      answers: [{ name: 'orders_stuck', type: 'int' }],
    });
  });

  test('a run that goes on by itself says with which step', () => {
    expect(view([begun('answers', 'verify')]).ifNothing).toMatchObject({
      key: 'nothing.goesOn',
      facts: { title: 'This organization is answered again' },
    });
  });
});

describe('records', () => {
  test('a check that is asked again is one row with its last answer', () => {
    const check = (result: 'pass' | 'fail', ms: number): EventDraft => ({
      type: 'check.recorded',
      data: { step: 'answers', probe: 'http', with: { url: 'u' }, result, values: {}, expect: 'ok == tried', reason: '' },
      ...at(ms),
    });
    expect(view([check('fail', 100), check('pass', 200)]).checks).toMatchObject([{ result: 'pass', passed: 1, asked: 2, at: T + 200 }]);
  });

  test('evidence ticks itself off the list of the runbook', () => {
    const shown = view([
      { type: 'evidence.captured', data: { evidence: 'restored-at', step: 'answers', sha256: 'x', value: 1 }, ...at(70) },
    ]);
    expect(shown.evidence).toEqual([
      { id: 'detected-at', have: true },
      { id: 'trigger', have: true },
      { id: 'decision', have: false },
      { id: 'restored-at', have: true },
    ]);
  });
});

describe('the list', () => {
  test('open incidents come first, the nearest clock on top; ended ones newest first', () => {
    const base = incidentRow({
      incident: foldLog(seal([DECLARED, STARTED, CLOCK])) as never,
      timers: [],
      runbook: RUNBOOK,
      system: SYSTEM,
      paused: false,
      now: T,
    });
    const clock = (deadline: number) => ({ id: 'c', kind: 'clock' as const, startedAt: T, deadline, state: 'running' as const });
    const rows = [
      { ...base, number: 1, open: false },
      { ...base, number: 2, clock: clock(T + 9) },
      { ...base, number: 3, open: false },
      { ...base, number: 4, clock: null },
      { ...base, number: 5, clock: clock(T + 2) },
    ];
    expect(sortRows(rows).map((row) => row.number)).toEqual([5, 2, 4, 3, 1]);
  });

  test('a row says what it waits for', () => {
    const row = (drafts: EventDraft[], paused = false) =>
      incidentRow({
        incident: foldLog(seal([DECLARED, STARTED, CLOCK, ...drafts])) as never,
        timers: [],
        runbook: RUNBOOK,
        system: SYSTEM,
        paused,
        now: T,
      }).waitsFor.key;
    expect([row([]), row([asked()]), row([asked()], true), row([begun('answers', 'verify')])]).toEqual([
      'waits.belay',
      'waits.approval',
      'waits.paused',
      'waits.step',
    ]);
  });
});
