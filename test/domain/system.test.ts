// Organizations by their name, in lists that are thousands long.
import { describe, expect, it } from 'vitest';
import { organizationNamed } from '../../src/domain/system.ts';

const fleet = (many: number) =>
  Array.from({ length: many }, (_, index) => ({ id: `org-${index}`, name: `Org ${index}`, lang: 'en' as const, zone: 'UTC' }));

describe('an organization by its name', () => {
  it('is found in the list that it stands in, and not in another one', () => {
    const [few, more] = [fleet(2), fleet(3)];
    expect(organizationNamed(few, 'org-1')).toBe(few[1]);
    expect(organizationNamed(few, 'org-2')).toBeUndefined();
    expect(organizationNamed(more, 'org-2')).toBe(more[2]);
    expect(organizationNamed(few, undefined)).toBeUndefined();
    expect(organizationNamed(few, 1)).toBeUndefined();
  });

  it('goes through the list once, however often it is asked', () => {
    const looked: string[] = [];
    const list = fleet(50).map((one) => ({
      ...one,
      get id() {
        looked.push(one.id);
        return one.id;
      },
    }));
    for (let asked = 0; asked < 100; asked += 1) expect(organizationNamed(list, 'org-49')).toBe(list[49]);
    expect(looked).toHaveLength(50);
  });
});
