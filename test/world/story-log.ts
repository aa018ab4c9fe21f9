// The log of one whole incident, sealed and chained: what projections, texts, evidence and post-mortems are tested on.

import type { Event, EventDraft } from '../../src/domain/event.ts';
import { EMPTY_LOG, sealEvents } from '../../src/domain/event-seal.ts';
import { DEFAULT_GUARD_LIMITS } from '../../src/domain/guardrail.ts';
import type { Json } from '../../src/domain/json.ts';
import type { System } from '../../src/domain/system.ts';
import type { Transition } from '../../src/domain/trigger.ts';
import { createFakeDigest } from './fakes/digest.ts';

export const T0 = Date.parse('2026-03-01T12:00:00Z');
const ENGINE = { kind: 'engine', id: 'belay' } as const;

export const TRANSITION: Transition = {
  trigger: 'http-5xx',
  scope: 'acme',
  episode: 'e1',
  from: 'suspect',
  to: 'breached',
  at: T0,
  since: T0 - 4_000,
  observedAt: T0 + 400,
  announced: true,
  inputs: {
    value: 0.3,
    bad: 30,
    all: 100,
    above: 0.02,
    overMs: 10_000,
    level: 'act',
    pValue: 1e-9,
    alpha: { suspect: 0.001, act: 0.00001 },
    watermark: T0,
    sources: ['shop'],
    unknown: false,
    warming: false,
  },
};

export const GUARD = { guard: 'G1', answer: 'pass', reason: 'G1.act-level', facts: { pValue: 1e-9 } } as const;

/** One draft of every type of event, with hostile text where people or the world can put text. */
export const HOSTILE = 'ACME <!channel> | *pwn* [x](javascript:1) <script>';

export function storyDrafts(o: { readonly irHash: string; readonly planHash: string }): readonly EventDraft[] {
  let at = T0 + 500;
  const draft = <T extends EventDraft['type']>(
    type: T,
    data: Extract<EventDraft, { readonly type: T }>['data'],
    afterMs = 10,
  ): EventDraft => {
    at += afterMs;
    return { type, data, at, actor: ENGINE } as unknown as EventDraft;
  };
  return [
    draft('incident.declared', {
      number: 7,
      kind: 'real',
      severity: 'P1',
      orgs: ['acme'],
      components: ['shop'],
      trigger: 'http-5xx',
      runbook: 'org-rollback',
      fingerprint: 'http-5xx/acme',
      detectedAt: T0,
    }),
    { type: 'trigger.changed', data: { transition: TRANSITION }, at: T0, observedAt: T0 + 400, actor: ENGINE },
    draft('impact.opened', { org: 'acme', component: 'shop' }),
    draft('clock.started', { clock: 'mitigate', startedAt: T0, deadline: T0 + 900_000, warnAt: T0 + 720_000 }),
    draft('role.assigned', { role: 'commander', person: 'ana' }),
    draft('cause.suspected', { what: `release v1.1.0 ${HOSTILE}`, facts: {} }),
    draft(
      'decision.made',
      { choice: 'act', by: 'belay', runbook: 'org-rollback', planHash: o.planHash, guards: [GUARD], options: ['act'], reason: '' },
      90,
    ),
    draft('run.started', { run: 'r1', runbook: 'org-rollback', irHash: o.irHash, planHash: o.planHash, inputs: { org: 'acme' } }),
    draft('phase.entered', { from: 'triage', to: 'responding' }),
    draft('step.started', { step: 'tell', kind: 'notify', title: 'Tell the team', attempt: 1 }),
    draft('comms.planned', { delivery: 'INC-7/tell/team/oncall', audience: 'team', channel: 'terminal', template: 'initial' }),
    draft('comms.promised', { audience: 'clients', at: T0 + 900_000 }),
    draft('step.finished', { step: 'tell', attempt: 1, status: 'done', detail: {} }),
    draft('comms.changed', { delivery: 'INC-7/tell/team/oncall', state: 'sent', providerId: 'p1', reason: '' }),
    draft('step.started', { step: 'switch', kind: 'do', title: 'Put it back', attempt: 1 }),
    draft('step.observed', { step: 'switch', attempt: 1, current: 'next', desired: false }),
    draft('contingency.opened', { step: 'switch', action: 'flow.set', scope: 'org/acme', owner: 'ana', expiresAt: T0 + 604_800_000 }),
    draft('step.finished', { step: 'switch', attempt: 2, status: 'done', detail: {} }, 800),
    draft('step.skipped', { step: 'extra', reason: HOSTILE, facts: {} }),
    draft(
      'check.recorded',
      { step: 'answers', probe: 'http', with: {}, result: 'pass', values: { ok: 20, tried: 20 }, expect: 'ok == tried', reason: '' },
      1_000,
    ),
    draft('evidence.captured', { evidence: 'restored-at', step: 'answers', sha256: 'ab'.repeat(32), value: T0 }),
    draft('phase.entered', { from: 'responding', to: 'mitigated', onContingency: true }),
    draft('clock.stopped', { clock: 'mitigate', met: true, by: 'answers' }),
    draft('phase.entered', { from: 'mitigated', to: 'watching' }),
    draft('note.added', { by: 'ana', text: HOSTILE, lang: 'pt-BR' }),
    draft('run.finished', { run: 'r1', outcome: 'done', reason: '' }, 10_000),
    draft('phase.entered', { from: 'watching', to: 'resolved', onContingency: true }),
    draft('impact.closed', { org: 'acme', component: 'shop' }),
  ];
}

export function sealStory(drafts: readonly EventDraft[], incident = 'INC-7'): readonly Event[] {
  const digest = createFakeDigest();
  return sealEvents(drafts, { incident, after: EMPTY_LOG, now: T0 + 500, hashOf: (value: Json) => digest.of(value) });
}

/** A log of `count` events: the story, then notes. */
export function longStory(count: number): readonly Event[] {
  const drafts = [...storyDrafts({ irHash: '', planHash: '' })];
  while (drafts.length < count)
    drafts.push({
      type: 'note.added',
      data: { by: 'ana', text: `note ${drafts.length}`, lang: 'en' },
      at: T0 + drafts.length * 1_000,
      actor: ENGINE,
    });
  return sealStory(drafts.slice(0, count));
}

export const SYSTEM: System = {
  name: 'Shop',
  lang: 'en',
  zone: 'America/Sao_Paulo',
  components: [
    { id: 'shop', title: 'Shop API', criticality: 'critical', dependsOn: [] },
    { id: 'whatsapp', title: 'WhatsApp', criticality: 'high', dependsOn: ['shop'] },
  ],
  organizations: [
    { id: 'acme', name: 'ACME', lang: 'pt-BR', zone: 'America/Sao_Paulo' },
    { id: 'globex', name: 'Globex', lang: 'en', zone: 'UTC' },
  ],
  sources: [],
  signals: [],
  triggers: [],
  targets: [],
  switches: [],
  people: [{ id: 'ana', name: 'Ana Souza', roles: ['commander'], lang: 'pt-BR' }],
  roles: ['commander'],
  channels: [
    { id: 'chat', driver: 'slack', dependsOn: ['whatsapp'], token: 'xoxb-none' },
    { id: 'terminal', driver: 'console', dependsOn: [] },
    { id: 'mail', driver: 'email', dependsOn: [], host: '127.0.0.1', port: 25, from: 'belay@shop.test' },
  ],
  audiences: [
    {
      id: 'team',
      kind: 'responders',
      lang: 'en',
      zone: 'UTC',
      channels: [
        { channel: 'chat', to: ['C1'] },
        { channel: 'terminal', to: ['oncall'] },
      ],
    },
    {
      id: 'clients',
      kind: 'customers',
      lang: 'pt-BR',
      zone: 'America/Sao_Paulo',
      channels: [{ channel: 'mail', to: ['a@example.com', 'b@example.com'] }],
    },
    { id: 'unreachable', kind: 'management', lang: 'en', zone: 'UTC', channels: [{ channel: 'chat', to: ['C2'] }] },
  ],
  clocks: {},
  severities: {},
  guards: DEFAULT_GUARD_LIMITS,
  templates: {
    initial: { en: '# {severity} in {components}\n\nNext update by {nextUpdate}.', 'pt-BR': '# {severity} em {components}' },
    stable: { en: '# Stable again' },
  },
  network: { allow: [] },
  statusPage: { title: 'Shop status' },
};
