// Who may do what: levels from roles, approvals by name, four eyes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEVELS, levelOf, mayAnswer, mayApprove, mayDo, OPERATIONS, type Operation } from '../../src/domain/authorization.ts';
import type { Approval } from '../../src/domain/incident.ts';

const approval: Approval = {
  id: 'a',
  step: null,
  planHash: 'h',
  from: ['commander'],
  min: 2,
  fourEyes: true,
  requestedAt: 0,
  expiresAt: 1,
  granted: [{ by: 'ana', at: 0 }],
  state: 'open',
};

describe('levels', () => {
  test('a role of the system makes a responder, no role only looks, the named levels mean themselves', () => {
    const level = (...roles: string[]) => levelOf({ person: 'p', roles });
    expect([level(), level('viewer'), level('comms'), level('responder'), level('approver'), level('admin'), level('operator')]).toEqual([
      'viewer',
      'viewer',
      'responder',
      'responder',
      'approver',
      'admin',
      'admin',
    ]);
  });

  test('more roles never allow less', () => {
    const roles = fc.subarray(['viewer', 'comms', 'responder', 'approver', 'admin', 'operator']);
    const operation = fc.constantFrom(...(Object.keys(OPERATIONS) as Operation[]));
    fc.assert(
      fc.property(roles, roles, operation, (some, more, one) => {
        const before = mayDo(one, { person: 'p', roles: some }).allowed;
        const after = mayDo(one, { person: 'p', roles: [...some, ...more] }).allowed;
        expect(!before || after).toBe(true);
      }),
    );
  });

  test('nobody may do what is not for anyone, and every write asks for more than a look, except what asks for a role itself', () => {
    const open = (Object.keys(OPERATIONS) as Operation[]).filter((one) => mayDo(one, null).allowed);
    expect(open.sort()).toEqual(['getHealth', 'getOpenApi']);
    expect(LEVELS.indexOf(OPERATIONS.pause)).toBeGreaterThan(LEVELS.indexOf('viewer'));
  });
});

describe('approvals', () => {
  test('only a named role or the operator approves', () => {
    expect(mayApprove(approval, { person: 'bob', roles: ['comms', 'admin'] }, null)).toEqual({
      allowed: false,
      why: 'needs-role',
      roles: ['commander'],
    });
    expect(mayApprove(approval, { person: 'eva', roles: ['commander'] }, null)).toEqual({ allowed: true });
    expect(mayApprove(approval, { person: 'operator', roles: ['operator'] }, null)).toEqual({ allowed: true });
  });

  test('nobody approves twice, and under four eyes not what they asked for', () => {
    expect(mayApprove(approval, { person: 'ana', roles: ['commander'] }, null)).toEqual({ allowed: false, why: 'already-granted' });
    expect(mayApprove(approval, { person: 'eva', roles: ['commander'] }, 'eva')).toEqual({ allowed: false, why: 'requested-by-you' });
    expect(mayApprove({ ...approval, fourEyes: false }, { person: 'eva', roles: ['commander'] }, 'eva')).toEqual({ allowed: true });
  });
});

describe('answers', () => {
  test('a step with a name is answered by that role, that person or the operator; one without by any responder', () => {
    expect(mayAnswer('comms', { person: 'ana', roles: ['commander'] })).toEqual({ allowed: false, why: 'needs-role', roles: ['comms'] });
    for (const caller of [
      { person: 'x', roles: ['comms'] },
      { person: 'comms', roles: ['a'] },
      { person: 'operator', roles: ['operator'] },
    ])
      expect(mayAnswer('comms', caller).allowed).toBe(true);
    expect(mayAnswer(undefined, { person: 'x', roles: ['anything'] }).allowed).toBe(true);
    expect(mayAnswer(undefined, { person: 'x', roles: [] }).allowed).toBe(false);
  });
});
