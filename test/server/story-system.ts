// The system and the runbook of the story: one shop, two organizations, one way back for one of them.
import { DEFAULT_GUARD_LIMITS } from '../../src/domain/guardrail.ts';
import type { Runbook, Step } from '../../src/domain/ir.ts';
import type { System } from '../../src/domain/system.ts';

const MIN = 60_000;

export const SYSTEM: System = {
  name: 'First rollback',
  lang: 'en',
  zone: 'America/Sao_Paulo',
  components: [{ id: 'shop', title: 'Shop API', criticality: 'critical', dependsOn: [] }],
  organizations: [
    { id: 'acme', name: 'ACME', lang: 'pt-BR', zone: 'America/Sao_Paulo' },
    { id: 'globex', name: 'Globex', lang: 'en', zone: 'America/Sao_Paulo' },
  ],
  sources: [{ id: 'app', driver: 'push', everyMs: 1000 }],
  signals: [
    {
      id: 'http.errors',
      signal: {
        kind: 'ratio',
        bad: { name: 'http_requests_total', labels: [{ label: 'code', op: '=~', value: '5..' }] },
        all: { name: 'http_requests_total', labels: [] },
      },
      by: 'org',
      max: 1000,
      lateMs: 1000,
      absentAfter: { cadences: 3 },
      sources: ['app'],
    },
  ],
  triggers: [
    {
      id: 'http-5xx',
      signal: 'http.errors',
      scope: 'org',
      breach: { above: 0.02, overMs: 5 * MIN, stillMs: MIN, forMs: 0 },
      clear: { below: 0.01, forMs: MIN },
      evidence: { suspect: 0.01, act: 0.0001 },
      gap: 'hold',
      mode: 'armed',
      rearmMs: 5 * MIN,
    },
  ],
  targets: [],
  switches: [{ id: 'checkout', component: 'shop', driver: 'flow-file', file: 'flows.json', values: ['stable', 'next'] }],
  people: [
    { id: 'ana', name: 'Ana Souza', roles: ['commander'], lang: 'pt-BR' },
    { id: 'bob', name: 'Bob Lee', roles: ['comms'], lang: 'en' },
    { id: 'eve', name: 'Eve Long', roles: [], lang: 'en' },
  ],
  roles: ['commander', 'comms'],
  channels: [],
  audiences: [],
  clocks: {},
  severities: {},
  guards: DEFAULT_GUARD_LIMITS,
  templates: {},
  network: { allow: [] },
  statusPage: null,
};

const step = { text: '', fail: { then: 'ask' }, meets: [], evidence: [] } as const;
export const STEPS: readonly Step[] = [
  { ...step, id: 'tell', kind: 'notify', title: 'Tell the team', template: 'org-initial', to: ['team'] },
  {
    ...step,
    id: 'look',
    kind: 'manual',
    title: 'Look at the checkout of this organization',
    text: 'Two minutes at most: is it really the new flow?',
    who: 'comms',
    checks: ['The error page names checkout', 'No payment is stuck'],
    count: 1,
    answers: { orders_stuck: { type: 'int' } },
  },
  {
    ...step,
    id: 'go',
    kind: 'approve',
    title: 'Approve the switch',
    from: ['commander'],
    min: 1,
    fourEyes: false,
    show: [],
    onTimeout: 'escalate',
  },
  {
    ...step,
    id: 'switch',
    kind: 'do',
    title: 'Put this organization on the stable checkout',
    text: 'Only this organization moves; the others keep the new flow.',
    do: 'flow.set',
    with: { switch: 'checkout', org: '{org}', to: 'stable' },
    verify: [],
    timeoutMs: 30_000,
    takesMs: 1000,
  },
  {
    ...step,
    id: 'answers',
    kind: 'verify',
    title: 'This organization is answered again',
    mode: 'all',
    checks: [],
    everyMs: 1000,
    timeoutMs: 30_000,
  },
  {
    ...step,
    id: 'watch',
    kind: 'watch',
    title: 'Watch the stable checkout',
    forMs: 10 * MIN,
    mode: 'all',
    checks: [],
    everyMs: 1000,
    strict: 1,
  },
  { ...step, id: 'stable', kind: 'notify', title: 'Say that it is stable', template: 'org-stabilised', to: ['team'] },
];

export const RUNBOOK: Runbook = {
  belay: 1,
  irSemantics: 1,
  id: 'org-rollback',
  title: 'Put one organization back on the stable checkout',
  version: '1.0.0',
  lang: 'en',
  visibility: 'internal',
  severity: 'P1',
  components: ['shop'],
  inputs: { org: { type: 'org', required: true } },
  roles: { commander: { is: 'commander' } },
  clocks: { mitigate: { from: 'detected', budgetMs: 15 * MIN, until: [], warn: 0.8, escalateTo: 'cto' } },
  triggers: ['http-5xx'],
  start: 'auto',
  require: [],
  never: [],
  evidence: ['detected-at', 'trigger', 'decision', 'restored-at'],
  text: '',
  phases: [
    { id: 'decide', title: 'Decide', text: '', steps: STEPS.slice(0, 3) },
    { id: 'roll-back', title: 'Roll back', text: '', steps: STEPS.slice(3, 4) },
    { id: 'verify', title: 'Verify', text: '', steps: STEPS.slice(4, 6) },
    { id: 'communicate', title: 'Communicate', text: '', steps: STEPS.slice(6) },
  ],
  templates: {},
};

/** With what people report: for everybody, for one organization, and whether it hurts. */
export const WITH_REPORTS: Pick<System, 'signals' | 'triggers'> = {
  signals: [
    ...SYSTEM.signals,
    manualSignal('complaints.signal', ['comms', 'commander'], 'Do clients call about it?', 'org'),
    manualSignal('leak.signal', ['commander'], 'Was data of one client shown to another?', null),
  ],
  triggers: [
    ...SYSTEM.triggers.map((rule) => ({ ...rule, impact: { who: 'comms', ask: 'Does it hurt the clients?' } })),
    manualRule('complaints', 'complaints.signal', 'org'),
    manualRule('leak', 'leak.signal', 'all'),
  ],
};

function manualSignal(id: string, who: readonly string[], ask: string, by: string | null): System['signals'][number] {
  return { id, signal: { kind: 'manual', who, ask }, by, max: 1000, lateMs: 1000, absentAfter: { cadences: 3 }, sources: [] };
}

function manualRule(id: string, signal: string, scope: 'org' | 'all'): System['triggers'][number] {
  return { id, signal, scope, evidence: { suspect: 0.01, act: 0.0001 }, gap: 'hold', mode: 'armed', rearmMs: MIN };
}
