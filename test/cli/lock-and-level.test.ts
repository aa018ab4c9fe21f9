import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { belay, temporaryFolder } from './belay.ts';

const SLOW_MS = 120_000;
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  mkdirSync(join(folder.path, 'runbooks'));
  write('belay.yaml', 'belay: 1\nname: Shop\nroles: [commander]\npeople:\n  ana: { name: Ana, roles: [commander] }\n');
});
afterEach(() => folder.remove());
const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text);
const rules = async (): Promise<readonly string[]> =>
  (await belay(['lint', '--json'], { cwd: folder.path }))
    .json<{ diagnostics: readonly { rule: string; message: string }[] }>()
    .diagnostics.map(({ rule, message }) => `${rule}: ${message}`);

const step = (title: string): string => `\n### ${title}\n- [ ] done\n`;
const runbook = (steps: string): string => `---\nbelay: 1\nid: back\ntitle: Back\n---\n\n## Roll back\n${steps}`;

describe('belay.lock', () => {
  test(
    'names a step that vanished, says what else changed, and is quiet once it is written again',
    async () => {
      write('runbooks/back.runbook.md', runbook(`${step('Freeze')}${step('Switch')}`));
      expect(await rules()).toEqual([]);
      expect((await belay(['lock'], { cwd: folder.path })).code).toBe(0);
      expect(JSON.parse(readFileSync(join(folder.path, 'belay.lock'), 'utf8'))).toMatchObject([
        { runbook: 'back', steps: ['freeze', 'switch'] },
      ]);
      expect(await rules()).toEqual([]);
      write('runbooks/back.runbook.md', runbook(step('Switch')));
      expect(await rules()).toEqual(['step-vanished: steps of back are gone since belay.lock was written: freeze']);
      write('runbooks/back.runbook.md', runbook(`${step('Freeze')}${step('Switch')}${step('Look')}`));
      expect(await rules()).toEqual(['lock-stale: the runbook back changed since belay.lock was written']);
      expect((await belay(['lock', '--json'], { cwd: folder.path })).json<{ changed: boolean }>().changed).toBe(true);
      expect(await rules()).toEqual([]);
      write('belay.lock', 'no lock');
      expect(await rules()).toEqual(['lock-stale: belay.lock cannot be read']);
    },
    SLOW_MS,
  );

  test(
    'is not written while the files have errors',
    async () => {
      write('runbooks/back.runbook.md', runbook('\n### Empty\n'));
      expect(await belay(['lock'], { cwd: folder.path })).toMatchObject({ code: 2, err: expect.stringContaining('belay lint') });
    },
    SLOW_MS,
  );
});

describe('lint --level', () => {
  test(
    'says the rung of each runbook and what the next one wants, in both languages',
    async () => {
      write('runbooks/a.runbook.md', `# A\n${step('Look')}`);
      write(
        'runbooks/b.runbook.md',
        `---\nbelay: 1\nid: b\ntitle: B\n---\n\n## Do\n\n### Go\n- [ ] done\n\n\`\`\`bash\ngit log\ngit revert 1a2b3c4\n\`\`\`\n`,
      );
      write(
        'runbooks/c.runbook.md',
        `---\nbelay: 1\nid: c\ntitle: C\nstart: ask\n---\n\n## Do\n\n### Stop\n\`\`\`belay do belay.pause\n\`\`\`\n${step('Look')}`,
      );
      const { levels } = (await belay(['lint', '--level', '--json'], { cwd: folder.path })).json<{
        levels: readonly { runbook: string; level: number; wants: readonly unknown[] }[];
      }>();
      expect(levels.map(({ runbook: id, level, wants }) => ({ id, level, wants }))).toEqual([
        { id: 'a', level: 0, wants: [{ what: 'front-matter' }] },
        { id: 'b', level: 1, wants: [{ what: 'roles' }, { what: 'clocks' }, { what: 'triggers' }, { what: 'typed-steps', lines: [14] }] },
        {
          id: 'c',
          level: 2,
          wants: [{ what: 'manual-steps', steps: ['look'] }, { what: 'triggers' }, { what: 'watch' }, { what: 'start-auto' }],
        },
      ]);
      const said = await belay(['lint', '--level', '--lang', 'pt-BR'], { cwd: folder.path });
      expect(said.out).toContain('b: nível 1');
      expect(said.out).toContain('linhas: 14');
    },
    SLOW_MS,
  );
});
