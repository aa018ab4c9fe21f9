import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { belay, temporaryFolder } from './belay.ts';

const SLOW_MS = 120_000;
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  mkdirSync(join(folder.path, 'runbooks'));
});
afterEach(() => folder.remove());
const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text);

const RUNBOOK = (visibility: string): string => `---
belay: 1
id: rollback
title: Voltar a loja
version: 1.2.0
lang: pt-BR
visibility: ${visibility}
owner: commander
reviewed: 2026-02-15
never:
  - { id: small, ask: É só um detalhe? }
---

Quem sabe mais: ana@acme.com, +55 11 98888-7777.

## Voltar

### Pôr a versão de antes {#switch}
O painel: https://shop.acme.com/admin, token=abcdef123456.

<!-- needs a human: a draft -->
\`\`\`bash
curl https://shop.acme.com/health -H "Authorization: Bearer abcdef1234567890"
\`\`\`
\`\`\`belay do deploy.rollback
with: { target: shop, to: "{release.previous}" }
undo: { do: deploy.activate, with: { target: shop, to: "{release.current}" } }
takes: 2m
\`\`\`

### Conferir {#look}
- [ ] A loja <b>responde</b>
`;

describe('render', () => {
  test(
    'of an internal runbook the public sees nothing but its id and that it is internal [S3-GU-01]',
    async () => {
      write('runbooks/rollback.runbook.md', RUNBOOK('internal'));
      const shown = await belay(['render', 'rollback', '--public'], { cwd: folder.path });
      expect({ code: shown.code, out: shown.out.trim() }).toEqual({
        code: 0,
        out: '# rollback\n\nEste runbook é interno. Não é mostrado fora da organização.',
      });
      const page = await belay(['render', 'rollback', '--public', '--html'], { cwd: folder.path });
      expect(page.out).not.toMatch(/acme|ana@|Voltar|deploy|98888/);
      const sheet = await belay(['render', '--public'], { cwd: folder.path });
      expect(sheet.out).not.toContain('rollback');
    },
    SLOW_MS,
  );

  test(
    'of a public runbook addresses, people and secrets are masked, and the rest is there',
    async () => {
      write('runbooks/rollback.runbook.md', RUNBOOK('public'));
      const shown = await belay(['render', 'rollback', '--public'], { cwd: folder.path });
      expect(shown.out).not.toMatch(/shop\.acme|ana@|98888|abcdef123456|commander/);
      for (const said of [
        '# Voltar a loja',
        'O Belay faz `deploy.rollback',
        'desfeito por',
        '- [ ] A loja',
        'Nunca se',
        'leva cerca de 2m',
      ])
        expect(shown.out).toContain(said);
    },
    SLOW_MS,
  );

  test(
    'for its own people everything is there but secrets and comments',
    async () => {
      write('runbooks/rollback.runbook.md', RUNBOOK('internal'));
      const shown = await belay(['render', join('runbooks', 'rollback.runbook.md')], { cwd: folder.path });
      expect(shown.out).toContain('https://shop.acme.com/health');
      expect(shown.out).toContain('ana@acme.com');
      expect(shown.out).not.toMatch(/abcdef123456|needs a human/);
    },
    SLOW_MS,
  );

  test(
    'the page for paper has boxes with room for initials, and text of the author is text',
    async () => {
      write('runbooks/rollback.runbook.md', RUNBOOK('internal'));
      const done = await belay(['render', 'rollback', '--print', '--out', 'paper.html'], { cwd: folder.path });
      expect(done.code).toBe(0);
      const page = readFileSync(join(folder.path, 'paper.html'), 'utf8');
      expect(page).toContain('<li class="box">A loja &lt;b&gt;responde&lt;/b&gt;</li>');
      expect(page).toContain('@page');
      expect(page).not.toContain('<b>');
      expect((await belay(['render', 'rollback', '--out', 'paper.html'], { cwd: folder.path })).code).toBe(2);
    },
    SLOW_MS,
  );

  test(
    'the sheet names one command for each runbook, the pause among them, and each of them exists [S5-ST-103, S5-ST-104]',
    async () => {
      const init = await belay(
        ['init', '--yes', '--name', 'Shop', '--health-url', 'http://127.0.0.1:1/health', '--release-dir', 'service'],
        { cwd: join(folder.path) },
      );
      expect(init.code).toBe(0);
      write(
        'runbooks/emergency-pause.runbook.md',
        '---\nbelay: 1\nid: emergency-pause\ntitle: Emergency pause\n---\n\n## Pause\n\n### Pause it\n- [ ] The last row of the status table says paused\n',
      );
      const sheet = await belay(['render'], { cwd: folder.path });
      const commands = [...sheet.out.matchAll(/^\| `belay ([a-z]+)([^`]*)` \|/gm)].map(([, word = '', rest = '']) => `${word}${rest}`);
      expect(commands).toEqual(
        expect.arrayContaining([
          'run deploy-rollback',
          'plan deploy-rollback',
          'run emergency-pause',
          'pause --reason "…"',
          'status',
          'lint',
        ]),
      );
      for (const word of new Set(commands.map((one) => one.split(' ')[0] ?? ''))) {
        const help = await belay([word, '--help']);
        expect({ word, code: help.code }).toEqual({ word, code: 0 });
      }
      const plan = await belay(['plan', 'emergency-pause'], { cwd: folder.path });
      expect({ code: plan.code, out: plan.out }).toEqual({ code: 0, out: expect.stringContaining('emergency-pause') });
    },
    SLOW_MS,
  );

  test(
    'a runbook with errors and one that is not there are refused with what to type',
    async () => {
      write('runbooks/bad.runbook.md', '---\nbelay: 1\nid: bad\n---\n');
      expect(await belay(['render', 'bad'], { cwd: folder.path })).toMatchObject({ code: 2, err: expect.stringContaining('belay lint') });
      expect(await belay(['render', 'none'], { cwd: folder.path })).toMatchObject({
        code: 2,
        err: expect.stringContaining('no runbook none'),
      });
    },
    SLOW_MS,
  );
});
