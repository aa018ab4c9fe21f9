// Where what a service runs is deployed to.
import { describe, expect, it } from 'vitest';
import { targetsBehind } from '../../src/domain/put-live.ts';
import type { System } from '../../src/domain/system.ts';

const PLACE = { driver: 'railway', project: 'p', environment: 'e' };
const system = (targets: readonly object[]) =>
  ({ targets, services: [{ ...PLACE, id: 'julia-api', component: 'api', service: 'api' }] }) as unknown as System;

describe('the targets behind a service', () => {
  it('are those that are this very service, whatever else its component has', () => {
    const web = { id: 'web', component: 'api', driver: 'vercel', project: 'p' };
    const other = { ...PLACE, id: 'staging', component: 'api', environment: 'f', service: 'api' };
    const same = { ...PLACE, id: 'app', service: 'api' };
    expect(targetsBehind(system([web, other, same]), 'julia-api')).toEqual(['app']);
    expect(targetsBehind(system([web, other]), 'julia-api')).toEqual(['web', 'staging']);
  });

  it('are none where no target is of its component, or nobody knows the service', () => {
    expect(targetsBehind(system([{ id: 'web', driver: 'vercel' }]), 'julia-api')).toEqual([]);
    expect(targetsBehind(system([{ id: 'web', component: 'api', driver: 'vercel' }]), 'gone')).toEqual([]);
  });
});
