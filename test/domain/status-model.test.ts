import { describe, expect, it } from 'vitest';
import type { Incident } from '../../src/domain/incident.ts';
import { foldLog } from '../../src/domain/incident-fold.ts';
import { statusModel } from '../../src/domain/status-model.ts';
import { SYSTEM, sealStory, storyDrafts, T0 } from '../world/story-log.ts';

const events = sealStory(storyDrafts({ irHash: '', planHash: '' }));
const until = (type: string, to?: string) =>
  events.slice(0, events.findIndex((event) => event.type === type && (to === undefined || (event.data as { to?: string }).to === to)) + 1);
const model = (log = events, change: Partial<Incident> = {}, now = T0 + 60_000) =>
  statusModel({
    system: SYSTEM,
    incidents: [{ incident: { ...(foldLog(log) as Incident), ...change }, events: log }],
    now,
    renewMs: 600_000,
  });

describe('the public projection of incidents', () => {
  it('names components and never an organization', () => {
    const text = JSON.stringify(model());
    expect(text).toContain('Shop API');
    expect(text.toLowerCase()).not.toContain('acme');
  });

  it('says what the public may know, newest first, in both languages', () => {
    const [incident] = model().incidents;
    expect(incident).toMatchObject({ id: 'INC-7', word: 'resolved', severity: 'P1', components: ['Shop API'], since: T0 });
    expect(incident?.updates.map((one) => [one.word, one.texts.en])).toEqual([
      ['resolved', 'Resolved. A temporary measure stays in place until the cause is removed.'],
      ['monitoring', 'It works again and is being watched.'],
      ['monitoring', 'Requests are answered again. We are checking that it stays so.'],
      ['investigating', 'We see errors in Shop API for some customers and are working on them.'],
    ]);
    expect(incident?.updates.at(-1)?.texts['pt-BR']).toBe(
      'Identificamos erros em Shop API para alguns clientes e estamos trabalhando neles.',
    );
  });

  it('never shows a drill, a test, or what is not declared yet', () => {
    expect(model(events, { kind: 'drill' }).incidents).toEqual([]);
    expect(model(events, { kind: 'test' }).incidents).toEqual([]);
    expect(model(events.slice(0, 3)).incidents).toEqual([]);
    expect(model(events.slice(0, 3)).overall).toBe('operational');
  });

  it('is impaired while an incident is open, an outage when it is critical, and fine afterwards', () => {
    const open = until('phase.entered', 'responding');
    expect([model(open).overall, model(open, { severity: 'P0' }).overall, model().overall]).toEqual(['degraded', 'outage', 'operational']);
    expect(model(open).incidents[0]).toMatchObject({ word: 'investigating', resolvedAt: null });
  });

  it('expects the next page at the latest when customers were promised one', () => {
    const open = until('comms.promised');
    expect(model(open).expectNextBy).toBe(T0 + 60_000 + 600_000);
    expect(model(open, {}, T0 + 600_000).expectNextBy).toBe(T0 + 900_000);
    expect(model().expectNextBy).toBe(T0 + 660_000);
  });

  it('forgets an incident two weeks after it was resolved', () => {
    expect(model(events, {}, T0 + 13 * 86_400_000).incidents).toHaveLength(1);
    expect(model(events, {}, T0 + 15 * 86_400_000).incidents).toEqual([]);
  });
});
