import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeliveryRequest } from '../../src/domain/delivery-plan.ts';
import { affectedComponents, deliveryId, messageValues, planDeliveries, plannedEvents } from '../../src/domain/delivery-plan.ts';
import { SYSTEM, T0 } from '../world/story-log.ts';

const INCIDENT = {
  id: 'INC-7',
  kind: 'real',
  phase: 'responding',
  severity: 'P1',
  scope: { orgs: ['acme'], components: ['other'] },
  detectedAt: T0,
} as const;
const request = (o: Partial<DeliveryRequest> = {}): DeliveryRequest => ({
  incident: INCIDENT,
  system: SYSTEM,
  template: 'initial',
  audiences: ['team', 'clients'],
  values: {},
  thread: 'INC-7',
  revision: 'tell#1',
  ...o,
});

describe('planning deliveries', () => {
  it('makes one draft a recipient on the first channel of each audience, in its language and zone', () => {
    const { deliveries, skipped } = planDeliveries(request());
    expect(skipped).toEqual([]);
    expect(deliveries.map((one) => [one.audience, one.channel, one.to, one.lang, one.zone])).toEqual([
      ['team', 'chat', 'C1', 'en', 'UTC'],
      ['clients', 'mail', 'a@example.com', 'pt-BR', 'America/Sao_Paulo'],
      ['clients', 'mail', 'b@example.com', 'pt-BR', 'America/Sao_Paulo'],
    ]);
    expect(deliveries[1]?.source).toBe('# {severity} em {components}');
  });

  it('passes over a channel that stands on what is broken, and says on what', () => {
    const incident = { ...INCIDENT, scope: { orgs: 'all', components: ['shop'] } } as const;
    const { deliveries, skipped } = planDeliveries(request({ incident, audiences: ['team', 'unreachable'] }));
    expect(deliveries.map((one) => one.channel)).toEqual(['terminal']);
    expect(skipped).toEqual([
      { audience: 'team', channel: 'chat', why: 'depends-on-affected', what: 'whatsapp' },
      { audience: 'unreachable', channel: 'chat', why: 'depends-on-affected', what: 'whatsapp' },
      { audience: 'unreachable', channel: null, why: 'no-channel-left', what: 'unreachable' },
    ]);
  });

  it('never lets a drill or a test reach people outside, whatever the configuration says', () => {
    fc.assert(
      fc.property(fc.constantFrom('drill', 'test'), fc.constantFrom('customers', 'public'), fc.boolean(), (kind, audienceKind, exempt) => {
        const system = { ...SYSTEM, audiences: SYSTEM.audiences.map((one) => ({ ...one, kind: audienceKind as 'customers' })) };
        const { deliveries, skipped } = planDeliveries(
          request({ incident: { ...INCIDENT, kind }, system, exempt, audiences: ['team', 'clients', 'unreachable'] }),
        );
        expect(deliveries).toEqual([]);
        expect(skipped.map((one) => one.why)).toEqual(['drill', 'drill', 'drill']);
      }),
    );
  });

  it('says when an audience or a template does not exist', () => {
    expect(planDeliveries(request({ audiences: ['nobody'] })).skipped).toEqual([
      { audience: 'nobody', channel: null, why: 'no-audience', what: 'nobody' },
    ]);
    expect(planDeliveries(request({ template: 'none', audiences: ['team'] })).skipped).toEqual([
      { audience: 'team', channel: null, why: 'no-template', what: 'none' },
    ]);
  });

  it('prefers the template that is pinned with the runbook, and another language to silence', () => {
    const pinned = planDeliveries(request({ templates: { initial: { en: 'pinned' } }, audiences: ['clients'] })).deliveries[0];
    expect([pinned?.source, pinned?.lang]).toEqual(['pinned', 'en']);
  });

  it('plans the same ids when it is repeated, and others for another step', () => {
    const ids = (revision: string) => planDeliveries(request({ revision })).deliveries.map((one) => one.id);
    expect(ids('tell#1')).toEqual(ids('tell#1'));
    expect(new Set([...ids('tell#1'), ...ids('tell#2')]).size).toBe(6);
  });

  it('makes ids that can travel as a header and inside a signature', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 5 }), (parts) => {
        expect(deliveryId(parts)).toMatch(/^[\x21-\x2d\x2f-\x7e]*$/);
      }),
    );
    expect(deliveryId(['a/b', 'c'])).not.toBe(deliveryId(['a', 'b/c']));
  });

  it('marks a message as closing once the incident is mitigated', () => {
    const closing = (phase: 'responding' | 'watching') =>
      planDeliveries(request({ incident: { ...INCIDENT, phase } })).deliveries[0]?.closing;
    expect([closing('responding'), closing('watching')]).toEqual([false, true]);
  });

  it('finds components that stand on affected ones, circles included', () => {
    const component = (id: string, dependsOn: readonly string[]) => ({ id, title: id, criticality: 'normal' as const, dependsOn });
    const components = [component('a', ['b']), component('b', ['c']), component('c', ['a']), component('d', [])];
    expect([...affectedComponents({ components }, ['c'])].sort()).toEqual(['a', 'b', 'c']);
  });

  it('gives messages the names of people, not ids, and the promise as an instant', () => {
    expect(messageValues({ incident: INCIDENT, system: SYSTEM, now: T0, promiseMs: 900_000 })).toEqual({
      incident: 'INC-7',
      severity: 'P1',
      system: 'Shop',
      components: ['other'],
      org: ['ACME'],
      detectedAt: T0,
      promise: 900_000,
      nextUpdate: T0 + 900_000,
    });
  });

  it('records one planned event a delivery and one promise an audience', () => {
    const events = plannedEvents(planDeliveries(request()), { at: T0, promiseMs: 60_000 });
    expect(events.map((event) => event.type)).toEqual([
      'comms.planned',
      'comms.planned',
      'comms.planned',
      'comms.promised',
      'comms.promised',
    ]);
    expect(events.at(-1)?.data).toEqual({ audience: 'clients', at: T0 + 60_000 });
  });
});
