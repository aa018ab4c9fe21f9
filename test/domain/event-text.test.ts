import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EventDraft } from '../../src/domain/event.ts';
import { clockText, describeEvent, guardText, phaseWord, severityWord } from '../../src/domain/event-text.ts';
import { en } from '../../src/domain/text/en.ts';
import { GUARD_REASONS } from '../../src/domain/text/guard-reasons.ts';
import { ptBR } from '../../src/domain/text/pt-BR.ts';
import { GUARD, sealStory, storyDrafts, T0 } from '../world/story-log.ts';

const ENGINE = { kind: 'engine', id: 'belay' } as const;
const story = sealStory(storyDrafts({ irHash: 'a'.repeat(64), planHash: 'b'.repeat(64) }));

describe('events as text', () => {
  it('has a sentence for each event of a whole story, in both languages, and they differ', () => {
    for (const event of story) {
      const texts = [describeEvent(event, 'en'), describeEvent(event, 'pt-BR')];
      for (const text of texts) expect(text, event.type).not.toMatch(/undefined|NaN|\[object|^\s*$/);
      if (event.type !== 'note.added') expect(texts[0], event.type).not.toBe(texts[1]);
    }
  });

  it('says the same types in both languages', () => {
    expect(Object.keys(ptBR.events)).toEqual(Object.keys(en.events));
    expect(Object.keys(en.events).length).toBeGreaterThan(40);
  });

  it('shows no instant unless a zone is given, and then in that zone', () => {
    const promised = { type: 'comms.promised', data: { audience: 'clients', at: T0 }, at: T0, actor: ENGINE } as const satisfies EventDraft;
    expect(describeEvent(promised, 'en')).toBe('Next update promised to clients');
    expect(describeEvent(promised, 'en', { zone: 'UTC' })).toBe('Next update promised to clients by 12:00 UTC');
    expect(describeEvent(promised, 'pt-BR', { zone: 'Asia/Tokyo' })).toMatch(/^Próxima atualização prometida para clients até 21:00 /);
  });

  it('says what a breach was judged from', () => {
    const breach = story.find((event) => event.type === 'trigger.changed');
    expect(breach && describeEvent(breach, 'en')).toBe('Trigger http-5xx for acme is breached (was suspect): 30 bad of 100 within 10 s');
    expect(breach && describeEvent(breach, 'pt-BR')).toBe(
      'Gatilho http-5xx para acme está violado (antes: suspeito): 30 ruins de 100 em 10 s',
    );
  });

  it('says how late a clock was recorded', () => {
    const breached = { type: 'clock.breached', data: { clock: 'mitigate', lateByMs: 90_000, escalateTo: 'cto' } } as const;
    expect(describeEvent(breached, 'en')).toBe('Clock mitigate ran out, recorded 1 min 30 s late; escalated to cto');
    expect(describeEvent(breached, 'pt-BR')).toBe('Relógio mitigate estourou, registrado com 1 min 30 s de atraso; escalado para cto');
  });

  it('has words for phases and severities', () => {
    expect([phaseWord('watching', 'en'), phaseWord('watching', 'pt-BR'), severityWord('P0', 'pt-BR')]).toEqual([
      'watching',
      'em observação',
      'crítica',
    ]);
  });

  it('asks the guard its question and gives the answer with its facts', () => {
    expect(guardText(GUARD, 'en')).toBe('G1: Is it real? yes (chance is ruled out far enough to act, chance 1e-9)');
    expect(
      guardText({ guard: 'G8', answer: 'fail', reason: 'G8.stale', facts: { limitMs: 30_000, deadSources: ['x'], none: null } }, 'pt-BR'),
    ).toBe('G8: Estamos enxergando bem? não (os dados são antigos demais, mudas: x, 30 s permitidos)');
    expect(guardText({ guard: 'fleet-uniform', answer: 'inconclusive', reason: '', facts: {} }, 'pt-BR')).toBe(
      'fleet-uniform: não dá para saber',
    );
    const asked = { guard: 'small-bug', answer: 'inconclusive', reason: 'ask', facts: { ask: 'Is it a small bug?' } } as const;
    expect(guardText(asked, 'en')).toBe('small-bug: people are asked: Is it a small bug?');
  });

  it('has a sentence for every reason that a guard of Belay can give', () => {
    const source = readFileSync(join(import.meta.dirname, '../../src/domain/guardrail.ts'), 'utf8');
    const reasons = [...source.matchAll(/verdict\('(G\d+)', '[a-z-]+', '([a-z-]+)'/g)].map(([, guard, reason]) => `${guard}.${reason}`);
    expect(reasons.length).toBeGreaterThan(30);
    for (const reason of reasons) {
      for (const lang of ['en', 'pt-BR'] as const) expect(Object.keys(GUARD_REASONS[lang]), reason).toContain(reason);
    }
  });

  it('tells a running clock from a late, a met and a late stopped one', () => {
    const clock = { id: 'mitigate', startedAt: 0, deadline: 900_000, warnAt: 720_000 };
    expect(clockText(clock, 300_000, 'en')).toBe('mitigate: 10 min left');
    expect(clockText(clock, 960_000, 'pt-BR')).toBe('mitigate: 1 min de atraso');
    expect(clockText({ ...clock, stoppedAt: 60_000 }, 960_000, 'en')).toBe('mitigate: met after 1 min');
    expect(clockText({ ...clock, stoppedAt: 901_000 }, 960_000, 'en')).toBe('mitigate: stopped 1 s late');
  });
});
