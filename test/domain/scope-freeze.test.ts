// What a freeze of a component keeps from whom: values in, a decision out.
import { expect, test } from 'vitest';
import { freezeInTheWay, scopesOf } from '../../src/domain/scope-freeze.ts';

const SYSTEM = {
  ...{ targets: [], switches: [], services: [{ id: 'julia-api', component: 'api' }], databases: [{ id: 'julia', component: 'api' }] },
  integrations: [{ id: 'evolution', component: 'api', driver: 'evolution' }],
} as unknown as Parameters<typeof scopesOf>[0];
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
