import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRenderer } from '../../../src/adapters/templates/index.ts';
import type { BelayError } from '../../../src/domain/errors.ts';
import { rendererContract } from '../../contracts/renderer.ts';
import { createFakeRenderer } from '../../world/fakes/renderer.ts';

rendererContract('mdast and ICU', () => createRenderer());
rendererContract('the fake', () => createFakeRenderer());

const EN = { lang: 'en', zone: 'UTC' } as const;
const render = (source: string, values: Record<string, never> | object = {}, o: { lang: 'en' | 'pt-BR'; zone: string } = EN) =>
  createRenderer().render(source, { ...o, values: values as never });
const refusal = (work: () => unknown): BelayError => {
  try {
    work();
  } catch (error) {
    return error as BelayError;
  }
  throw new Error('nothing was refused');
};

describe('templates', () => {
  it('shows ICU plurals with the words of the language, at 0, 1, 2 and a million', () => {
    const source = '{n, plural, one {# erro} many {# de erros} other {# erros}}';
    const texts = [0, 1, 2, 1_000_000].map((n) => render(source, { n }, { lang: 'pt-BR', zone: 'UTC' }).plain);
    expect(texts).toEqual(['0 erro', '1 erro', '2 erros', '1.000.000 de erros']);
  });

  it("shows ICU times in the audience's zone and never in the machine's", () => {
    const at = Date.parse('2026-03-01T23:30:00Z');
    expect(render('{t, time, short}', { t: at }, { lang: 'pt-BR', zone: 'Asia/Tokyo' }).plain).toBe('08:30');
    expect(render('{t, date, ::yyyyMMdd}', { t: at }, { lang: 'pt-BR', zone: 'Asia/Tokyo' }).plain).toBe('02/03/2026');
  });

  it('shows a list in the words of the language', () => {
    const values = { components: ['API', 'n8n', 'worker'] };
    expect(render('{components}', values).plain).toBe('API, n8n, and worker');
    expect(render('{components}', values, { lang: 'pt-BR', zone: 'UTC' }).plain).toBe('API, n8n e worker');
  });

  it('gives every form its own marks', () => {
    const out = render(
      '# Big\n\n**bold** _soft_ `code` [run](https://example.com/a?b=1&c=2)\n\n- one\n- two\n\n1. first\n\n> said\n\n```\nx < y\n```',
    );
    expect(out.slack).toBe(
      '*Big*\n\n*bold* _soft_ `code` <https://example.com/a?b=1&amp;c=2|run>\n\n• one\n• two\n\n1. first\n\n> said\n\n```\nx &lt; y\n```',
    );
    expect(out.plain).toBe('Big\n\nbold soft code run (https://example.com/a?b=1&c=2)\n\n- one\n- two\n\n1. first\n\n> said\n\nx < y');
    expect(out.html).toContain('<a href="https://example.com/a?b=1&amp;c=2">run</a>');
    expect(out.html).toContain('<ol start="1"><li><p>first</p></li></ol>');
  });

  it('fills variables into the path of a link, never into its host', () => {
    expect(render('[go](https://example.com/i/{id})', { id: '../x?y#z' }).plain).toBe('go (https://example.com/i/..%2Fx%3Fy%23z)');
    for (const bad of [
      '[x](http://example.com)',
      '[x](javascript:alert(1))',
      '[x](https://{host}/a)',
      '[x](/relative)',
      '[x](mailto:a@b.c)',
    ]) {
      expect(refusal(() => render(bad, { host: 'evil.example' })).code, bad).toBe('BELAY_TEMPLATE_INVALID');
    }
  });

  it('follows a link that is a variable only to a host on the list', () => {
    const renderer = createRenderer({ linkHosts: ['status.example.com'] });
    const at = (url: string) => renderer.render('[x]({url})', { ...EN, values: { url } }).plain;
    expect(at('https://status.example.com/a')).toBe('x (https://status.example.com/a)');
    for (const url of [
      'https://evil.example/a',
      'http://status.example.com/a',
      'https://status.example.com@evil.example/',
      'javascript:alert(1)',
    ]) {
      expect(refusal(() => at(url)).code, url).toBe('BELAY_TEMPLATE_INVALID');
    }
  });

  it.each([
    ['<b>bold</b>', 'html'],
    ['![logo](https://example.com/a.png)', 'image'],
    ['[a][b]\n\n[b]: https://example.com', 'definition'],
  ])('refuses %s, which cannot be shown everywhere', (source, what) => {
    expect(refusal(() => createRenderer().variables(source)).message).toMatch(new RegExp(`^\\d+:\\d+: .*(${what}|linkReference)`));
  });

  it('says where a template is wrong', () => {
    expect(refusal(() => createRenderer().variables('# ok\n\nHi {name,}')).message).toMatch(/^3:1: /);
    expect(refusal(() => createRenderer().variables('Hi `{name}`')).message).toMatch(/^1:4: .*code/);
    expect(refusal(() => createRenderer().variables('{incident.id}')).message).toMatch(/^1:1: /);
    expect(refusal(() => createRenderer().variables('')).message).toContain('empty');
  });

  it('refuses a zone that does not exist', () => {
    expect(refusal(() => render('x', {}, { lang: 'en', zone: 'Mars/Olympus' })).message).toContain('Mars/Olympus');
  });

  it('finds the variables of plural arms that are not chosen', () => {
    const source = '{n, plural, one {one for {org}} other {many}}';
    expect(createRenderer().variables(source)).toEqual(['n', 'org']);
    expect(refusal(() => render(source, { n: 5 })).message).toContain('{org}');
  });

  it('lets no value reach Slack as a mark, a mention or a line of its own, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '<',
            '>',
            '!',
            '@',
            '&',
            '*',
            '_',
            '~',
            '`',
            '\n',
            '\u001b',
            '\u202e',
            ' ',
            'a',
            '|',
            '{',
            '}',
            '#',
            '[',
            ']',
            '(',
            ')',
          ),
        }),
        (org) => {
          const { slack, html, subject } = render('# To {org}\n\nHi {org} and **{org}**', { org });
          const marks = slack.replaceAll('\n', '').replaceAll('*To ', '').replaceAll(/(\*)$/gm, '').replaceAll(' *', ' ');
          expect(marks).not.toMatch(/[<~`\p{Cc}\u202e]/u);
          expect(slack.split('\n')).toHaveLength(3);
          expect(html.replaceAll(/<\/?(h1|p|strong)>/g, '')).not.toMatch(/[<>]/);
          expect(subject).not.toContain('\n');
        },
      ),
    );
  });

  it('renders every template of the first-rollback example in its language', () => {
    const dir = join(import.meta.dirname, '../../../examples/first-rollback/templates');
    const values = {
      severity: 'P1',
      components: ['Shop API'],
      org: ['ACME'],
      promise: 900_000,
      nextUpdate: Date.parse('2026-03-01T12:00:00Z'),
    };
    const files = readdirSync(dir);
    expect(files.length).toBeGreaterThanOrEqual(8);
    for (const file of files) {
      const out = render(readFileSync(join(dir, file), 'utf8'), values, {
        lang: file.includes('pt-BR') ? 'pt-BR' : 'en',
        zone: 'America/Sao_Paulo',
      });
      expect(out.subject, file).toMatch(/P1|Shop API|ACME/);
      expect(out.plain, file).not.toMatch(/[{}]/);
    }
  });
});
