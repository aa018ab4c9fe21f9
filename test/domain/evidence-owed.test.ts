// What an incident still owes before it may be closed: evidence of steps that a condition left out is nobody's to give.
import { describe, expect, it } from 'vitest';
import { evidenceOwed } from '../../src/domain/evidence-owed.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Step } from '../../src/domain/ir.ts';
import { STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const look = (id: string, evidence: readonly string[]): Step => ({ ...STEP, kind: 'collect', id, title: id, from: [], evidence });
const runbook = deployRunbook({
  evidence: ['trigger', 'both', 'arm', 'elsewhere'],
  phases: [{ id: 'all', title: 'All', text: '', steps: [look('a', ['arm', 'both']), look('b', ['both'])] }],
});
const skipped = (reason: string) => ({ status: 'skipped', detail: { reason } });
const incident = (steps: object, more: object = {}): Incident => ({ evidence: [], trigger: null, steps, ...more }) as unknown as Incident;

describe('the evidence that an incident owes', () => {
  it('is what its runbook wants and the record lacks', () => {
    expect(evidenceOwed(incident({}), runbook)).toEqual(['both', 'arm', 'elsewhere']);
    expect(evidenceOwed(incident({}, { trigger: 't', evidence: ['arm', 'both'] }), runbook)).toEqual(['trigger', 'elsewhere']);
    expect(evidenceOwed(incident({}), null)).toEqual([]);
  });

  it('does not hold what only a step gives that a condition left out, and holds what a person skipped', () => {
    expect(evidenceOwed(incident({ a: skipped('when steps.x.out.choice == "b"') }), runbook)).toEqual(['both', 'elsewhere']);
    expect(evidenceOwed(incident({ a: skipped('ana: no time') }), runbook)).toEqual(['both', 'arm', 'elsewhere']);
  });

  it('follows the step that calls the one that gives it', () => {
    const called = { ...runbook, phases: [{ id: 'all', title: 'All', text: '', steps: [look('arm-b.a', ['arm'])] }] };
    expect(evidenceOwed(incident({ 'arm-b': skipped('when steps.x.out.choice == "b"') }), called)).toEqual(['both', 'elsewhere']);
  });
});
