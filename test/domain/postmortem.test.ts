import { fromMarkdown } from 'mdast-util-from-markdown';
import { describe, expect, it } from 'vitest';
import type { Incident } from '../../src/domain/incident.ts';
import { foldLog } from '../../src/domain/incident-fold.ts';
import type { PostmortemInput } from '../../src/domain/postmortem.ts';
import { humanSections, renderPostmortem } from '../../src/domain/postmortem.ts';
import { impactIntervals, incidentTimings, stepFacts } from '../../src/domain/postmortem-facts.ts';
import { HUMAN_SECTIONS, POSTMORTEM_TEXTS } from '../../src/domain/text/postmortem-texts.ts';
import { HOSTILE, SYSTEM, sealStory, storyDrafts, T0 } from '../world/story-log.ts';

const HASHES = { irHash: 'a'.repeat(64), planHash: 'b'.repeat(64) };
const events = sealStory(storyDrafts(HASHES));
const incident = foldLog(events) as Incident;

const input = (o: Partial<PostmortemInput> = {}): PostmortemInput => ({
  incident,
  events,
  plan: {
    runbook: 'org-rollback',
    version: '1.0.0',
    irHash: HASHES.irHash,
    inputs: {},
    org: 'acme',
    steps: [{ id: 'switch', kind: 'do', title: 'Put it back', action: 'flow.set', args: { to: 'stable' }, effect: 'change' }],
    planHash: HASHES.planHash,
    guards: [],
    unknowns: [],
  },
  deliveries: [
    {
      id: 'd',
      audience: 'team',
      audienceKind: 'responders',
      channel: 'terminal',
      to: 'oncall',
      template: 'initial',
      lang: 'en',
      zone: 'UTC',
      values: {},
      thread: 'INC-7',
      exempt: false,
      incident: 'INC-7',
      state: 'sent',
      attempt: 1,
      plannedAt: T0 + 600,
      dueAt: T0 + 600,
      resent: false,
    },
  ],
  system: SYSTEM,
  lang: 'en',
  zone: 'UTC',
  now: T0 + 60_000,
  human: {},
  ...o,
});

describe('the facts of a post-mortem', () => {
  it('measures detect, decide, act and prove from the log', () => {
    const timings = incidentTimings(events);
    const ms = (span: { readonly from: number; readonly to: number } | null) => (span === null ? null : span.to - span.from);
    expect(timings.detect).toEqual({ from: T0 - 4_000, to: T0 + 400 });
    expect(timings.decide?.from).toBe(T0 + 400);
    expect(timings.act?.from).toBe(timings.decide?.to);
    expect(timings.prove?.from).toBe(timings.act?.to);
    expect(ms(timings.total)).toBe(
      (ms(timings.detect) ?? 0) + (ms(timings.decide) ?? 0) + (ms(timings.act) ?? 0) + (ms(timings.prove) ?? 0),
    );
  });

  it('leaves out a span of which one end is missing', () => {
    expect(incidentTimings(events.slice(0, 5))).toMatchObject({ decide: null, act: null, prove: null, total: null });
  });

  it('closes an interval of impact only for the same organization and component, and reopens as a new one', () => {
    const at = (type: 'impact.opened' | 'impact.closed', org: string, when: number) =>
      ({ ...events[0], type, data: { org, component: 'shop' }, at: when }) as never;
    const log = [
      at('impact.opened', 'acme', 1),
      at('impact.closed', 'globex', 2),
      at('impact.closed', 'acme', 3),
      at('impact.opened', 'acme', 4),
    ];
    expect(impactIntervals(log)).toEqual([
      { org: 'acme', component: 'shop', from: 1, to: 3 },
      { org: 'acme', component: 'shop', from: 4, to: null },
    ]);
  });

  it('knows what became of each step', () => {
    expect(stepFacts(events).map((one) => [one.step, one.status, one.attempts])).toEqual([
      ['tell', 'done', 1],
      ['switch', 'done', 2],
      ['extra', 'skipped', 0],
    ]);
  });
});

describe('a post-mortem', () => {
  it.each(['en', 'pt-BR'] as const)('has every section filled from facts, and the sections of people empty, in %s', (lang) => {
    const t = POSTMORTEM_TEXTS[lang];
    const text = renderPostmortem(input({ lang }));
    for (const heading of [
      t.facts,
      t.durations,
      t.impact,
      t.decisions,
      t.plan,
      t.steps,
      t.checks,
      t.messages,
      t.contingencies,
      t.clocks,
      t.deviations,
      t.human,
      t.timeline,
      t.evidence,
    ]) {
      expect(text, heading).toContain(`## ${heading}\n\n`);
    }
    for (const name of HUMAN_SECTIONS) expect(text).toContain(`### ${t.prompts[name].heading}`);
    for (const fact of ['INC-7', 'Shop API', 'ACME', 'Ana Souza', HASHES.irHash, HASHES.planHash, incident.head, 'flow.set'])
      expect(text).toContain(fact);
    expect(text).not.toMatch(/undefined|NaN|\[object/);
    expect(humanSections(text)).toEqual(lang === 'en' ? { actions: t.prompts.actions.prompt } : { actions: t.prompts.actions.prompt });
  });

  it('is of the same shape in both languages', () => {
    const shape = (lang: 'en' | 'pt-BR') => fromMarkdown(renderPostmortem(input({ lang }))).children.map((node) => node.type);
    expect(shape('pt-BR')).toEqual(shape('en'));
  });

  it('lets no fact become a tag, a link, emphasis or a cell of its own', () => {
    const text = renderPostmortem(input());
    const facts = text.slice(0, text.indexOf('<!-- write:causes -->')) + text.slice(text.indexOf('<!-- /write:actions -->'));
    const tree = JSON.stringify(fromMarkdown(facts.replaceAll(/<!--.*?-->/g, '')));
    expect(text).toContain('pwn');
    expect(tree).not.toContain('"html"');
    expect(tree).not.toContain('"link"');
    const row = facts.split('\n').find((line) => line.includes('skipped') && line.startsWith('|')) ?? '';
    expect(row.split(/(?<!\\)\|/)).toHaveLength(8);
    expect(HOSTILE).toContain('|');
  });

  it('keeps what people wrote when it is generated again', () => {
    const first = renderPostmortem(input());
    const written = first.replace(
      '<!-- write:causes -->\n\n',
      '<!-- write:causes -->\nThe new release had no index.\n\nTwo *paragraphs*.\n',
    );
    const human = humanSections(written);
    expect(human.causes).toBe('The new release had no index.\n\nTwo *paragraphs*.');
    const again = renderPostmortem(input({ human, lang: 'pt-BR' }));
    expect(humanSections(again)).toEqual(human);
    expect(again).toContain('The new release had no index.');
  });

  it('replaces facts that somebody edited', () => {
    const first = renderPostmortem(input());
    const edited = first.replace('Shop API', 'Something else');
    expect(renderPostmortem(input({ human: humanSections(edited) }))).toBe(first);
  });

  it('names an open contingency with its owner and its end, and says when there is none', () => {
    expect(renderPostmortem(input())).toMatch(/\| flow\.set org\/acme \| Ana Souza \| 2026-03-08 12:00:00 UTC \|/);
    const closed = { ...incident, contingencies: incident.contingencies.map((one) => ({ ...one, closedAt: T0 })) };
    expect(renderPostmortem(input({ incident: closed }))).toContain('No contingency is open.');
  });

  it('shows times in the zone that it is given', () => {
    expect(renderPostmortem(input({ zone: 'Asia/Tokyo' }))).toContain('2026-03-01 21:00:00 GMT+9');
  });
});
