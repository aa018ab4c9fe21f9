// The order of test files: what takes longest begins first, so that no worker waits at the end for one that began last. Without a word from
// here vitest goes by the size of files, which says little: a contract takes a minute and is short. Refuses to know what they test.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Half a minute and more on a quiet machine; the rest goes by size. */
export const LONGEST: readonly string[] = [
  'scenarios/examples/crm-rollback',
  'adapters/migrations/capture',
  'adapters/git/contract',
  'adapters/migrations/mongo',
  'adapters/migrations/programs',
  'adapters/pm2/target',
  'scenarios/examples/sdr-rollback',
  'scenarios/fan-out',
  'adapters/pm2/pm2',
  'scenarios/examples/vocalcoach-bug',
  'adapters/embedded-postgres/embedded-postgres',
].map((name) => `test/${name}.test.ts`);

export class LongestFirst extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((file) => moduleId.endsWith(`/${file}`));
      return at === -1 ? LONGEST.length : at;
    };
    const lane = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;
    return (await super.sort(specs)).toSorted((a, b) => lane(a) - lane(b) || rank(a) - rank(b));
  }
}
