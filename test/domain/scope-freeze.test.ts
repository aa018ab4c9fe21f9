// What a freeze of a component keeps from whom: values in, a decision out.
import { expect, test } from 'vitest';
import { freezeInTheWay, scopesOf } from '../../src/domain/scope-freeze.ts';

const SYSTEM = {
  ...{ targets: [], switches: [], services: [{ id: 'julia-api', component: 'api' }], databases: [{ id: 'julia', component: 'api' }] },
  integrations: [{ id: 'evolution', component: 'api', driver: 'evolution' }],
} as unknown as Parameters<typeof scopesOf>[0];
const OF_TARGET = { ...SYSTEM, targets: [{ id: 'app', component: 'api' }] } as unknown as typeof SYSTEM;
const FREEZE = { scope: 'component/api', incident: 'INC-1', by: 'belay', why: 'level 3', at: 1 };

test.each([
  ['service.delete', { service: 'julia-api' }, true],
  ['evolution.delete', { instance: 'Revoluna' }, true],
  ['db.migrateDown', { database: 'julia' }, true],
  ['db.apply', { database: 'julia' }, true],
  ['service.restart', { service: 'julia-api' }, false],
  ['service.delete', { service: 'another' }, false],
] as const)('%s of %o waits for the thaw even in the incident that froze: %s', (action, args, waits) => {
  const scopes = scopesOf(SYSTEM, { action, args, org: 'acme' });
  expect(freezeInTheWay([FREEZE], scopes, { incident: 'INC-1', action })).toEqual(waits ? FREEZE : null);
});

test.each([
  ['deploy.activate', { target: 'app' }],
  ['deploy.commit', { target: 'app' }],
  ['service.connect', { service: 'julia-api' }],
] as const)('%s puts something live: it waits for the thaw of another incident, and goes on in the one that froze', (action, args) => {
  const scopes = scopesOf(OF_TARGET, { action, args, org: null });
  expect(freezeInTheWay([FREEZE], scopes, { incident: 'INC-2', action })).toEqual(FREEZE);
  expect(freezeInTheWay([FREEZE], scopes, { incident: 'INC-1', action })).toBeNull();
});
