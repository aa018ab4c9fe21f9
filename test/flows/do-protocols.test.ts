// Why an act is done as it is: the three protocols of the model, gone through in all orders, and what each of them can end in.
import { describe, expect, it } from 'vitest';
import { compared, explicit, explore, relative } from '../world/protocol-model.ts';

const FOREIGN = ['foreign', 'good'] as const;
const count = (protocol: typeof compared, wrong: 'brokenBack' | 'clobbered' | 'lies'): number =>
  FOREIGN.flatMap((to) => explore(protocol, to)).filter((end) => end[wrong]).length;

describe('in every order of up to three crashes and one foreign deploy', () => {
  it('a relative undo that is tried again brings the broken version back, overwrites others, and has a journal that lies', () => {
    expect(count(relative, 'brokenBack')).toBeGreaterThan(0);
    expect(count(relative, 'clobbered')).toBeGreaterThan(0);
    expect(count(relative, 'lies')).toBeGreaterThan(0);
  });

  it('an explicit target alone never brings the broken version back, and still overwrites what others deployed', () => {
    expect(count(explicit, 'brokenBack')).toBe(0);
    expect(count(explicit, 'clobbered')).toBeGreaterThan(0);
    expect(count(explicit, 'lies')).toBe(0);
  });

  it('observing, comparing and confirming ends in none of these, and acts once at most', () => {
    const ends = FOREIGN.flatMap((to) => explore(compared, to));
    for (const wrong of ['brokenBack', 'clobbered', 'lies'] as const) expect(count(compared, wrong), wrong).toBe(0);
    expect(Math.max(...ends.map(({ acts }) => acts))).toBe(1);
    expect([...new Set(ends.map(({ status }) => status))].sort()).toEqual(['conflict', 'done', 'noop', 'unknown']);
  });

  it('nothing is unknown and nothing conflicts where nobody interferes, however often it crashes', () => {
    const calm = explore(compared, 'foreign').filter(({ foreign }) => !foreign);
    expect(calm.map(({ status, live, acts }) => `${status} ${live} ${acts}`)).toEqual(['done good 1']);
  });
});
