import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStatusFiles } from '../../../src/adapters/status-files/index.ts';
import type { StatusPageModel } from '../../../src/ports/status-page.ts';

const T = Date.parse('2026-03-01T12:00:00Z');
const incident = (index: number, word: 'monitoring' | 'resolved' = 'resolved'): StatusPageModel['incidents'][number] => ({
  id: `INC-${index}`,
  word,
  severity: 'P1',
  components: ['Shop API'],
  since: T,
  resolvedAt: word === 'resolved' ? T + 60_000 : null,
  updates: Array.from({ length: 12 }, (_, at) => ({
    at: T + at,
    word: 'monitoring',
    text: 'It works again and is being watched.',
    texts: { en: 'It works again and is being watched.', 'pt-BR': 'Voltou a funcionar.' },
  })),
});
const MODEL: StatusPageModel = {
  title: 'Shop <status>',
  lang: 'pt-BR',
  zone: 'America/Sao_Paulo',
  generatedAt: T,
  expectNextBy: T + 600_000,
  overall: 'degraded',
  incidents: [incident(1, 'monitoring')],
};

describe('the status page as files', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'belay-status-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const publish = async (model: StatusPageModel): Promise<string> => readFile(await createStatusFiles({ dir }).publish(model), 'utf8');

  it('writes the page in the system language, the other language beside it, and the data', async () => {
    const html = await publish(MODEL);
    expect((await readdir(dir)).sort()).toEqual(['index.en.html', 'index.html', 'status.json']);
    expect(html).toContain('<html lang="pt-BR"');
    expect(html).toContain('Em observação');
    expect(html).toContain('href="index.en.html"');
    const english = await readFile(join(dir, 'index.en.html'), 'utf8');
    expect(english).toContain('Monitoring');
    expect(english).toContain('href="index.html"');
    expect(JSON.parse(await readFile(join(dir, 'status.json'), 'utf8'))).toMatchObject({ schema: 'belay-status/1', overall: 'degraded' });
  });

  it('stays under 30 kB with twenty incidents of twelve updates', async () => {
    const html = await publish({ ...MODEL, incidents: Array.from({ length: 20 }, (_, index) => incident(index)) });
    expect(Buffer.byteLength(html)).toBeLessThan(30_000);
  });

  it('asks nothing of any other host', async () => {
    const html = await publish(MODEL);
    expect(html).not.toMatch(/https?:\/\//);
    expect(html).not.toMatch(/<(img|iframe|object|link[^>]+stylesheet|script[^>]+src)/);
  });

  it('allows exactly its own style and its own script by hash', async () => {
    const html = await publish(MODEL);
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1]?.replaceAll('&#39;', "'") ?? '';
    const hash = (tag: string): string =>
      `'sha256-${createHash('sha256')
        .update(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html)?.[1] ?? '')
        .digest('base64')}'`;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src ${hash('script')};`);
    expect(policy).toContain(`style-src ${hash('style')};`);
    expect(html.match(/<script/g)).toHaveLength(1);
  });

  it('says nothing of its age before the script has run, and carries what the script needs', async () => {
    const html = await publish(MODEL);
    expect(html).toContain(`data-generated="${T}" data-next="${T + 600_000}"`);
    expect(html).toMatch(/<p class="stale" id="stale" role="status" hidden>/);
    expect(html).toContain('<span id="age"></span>');
  });

  it('raises the stale banner when its script runs after the promised time, and not before', async () => {
    const html = await publish(MODEL);
    const script = /<script>([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
    const stale = { hidden: true };
    const age = { textContent: '' };
    const at = (now: number): void => {
      const document = {
        documentElement: { dataset: { generated: String(T), next: String(T + 600_000), one: 'há 1 minuto', other: 'há # minutos' } },
        getElementById: (id: string) => (id === 'age' ? age : stale),
      };
      runInNewContext(script, { document, Date: { now: () => now }, setInterval: () => 0 });
    };
    at(T + 60_000);
    expect([stale.hidden, age.textContent]).toEqual([true, '(há 1 minuto)']);
    at(T + 660_000);
    expect([stale.hidden, age.textContent]).toEqual([false, '(há 11 minutos)']);
  });

  it('shows what it is given as text, never as markup', async () => {
    const html = await publish({
      ...MODEL,
      incidents: [{ ...incident(1), components: ['<img src=x onerror=alert(1)>'], severity: '"><script>' }],
    });
    expect(html).not.toContain('<img');
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).toContain('Shop &lt;status&gt;');
  });

  it('replaces the page whole: a reader never sees half of one, and nothing is left beside it', async () => {
    const page = createStatusFiles({ dir });
    await page.publish(MODEL);
    let torn = 0;
    let reading = true;
    const reader = (async () => {
      while (reading) if (!(await readFile(join(dir, 'index.html'), 'utf8')).endsWith('</html>\n')) torn += 1;
    })();
    await Promise.all(Array.from({ length: 20 }, (_, index) => page.publish({ ...MODEL, generatedAt: T + index })));
    reading = false;
    await reader;
    expect(torn).toBe(0);
    expect((await readdir(dir)).sort()).toEqual(['index.en.html', 'index.html', 'status.json']);
    expect(JSON.parse(await readFile(join(dir, 'status.json'), 'utf8'))).toMatchObject({ generatedAt: T + 19 });
  });

  it('says which file cannot be written', async () => {
    await writeFile(join(dir, 'blocked'), '');
    await expect(createStatusFiles({ dir: join(dir, 'blocked', 'page') }).publish(MODEL)).rejects.toThrow(/blocked/);
  });
});
