// What every renderer promises.
import { describe, expect, it } from 'vitest';
import { BelayError } from '../../src/domain/errors.ts';
import type { Renderer } from '../../src/ports/renderer.ts';

const AT = Date.parse('2026-03-01T12:00:00Z');
const EN = { lang: 'en', zone: 'UTC' } as const;

export function rendererContract(name: string, make: () => Renderer): void {
  describe(`the renderer contract, kept by ${name}`, () => {
    it('fills variables into every form and takes the heading as the subject', () => {
      const out = make().render('# Errors for {org}\n\nWe look at {org}.', { ...EN, values: { org: 'ACME' } });
      expect(out.subject).toBe('Errors for ACME');
      for (const form of [out.plain, out.html, out.slack]) expect(form).toContain('We look at ACME.');
    });

    it('names the variables of a template, each once', () => {
      expect(make().variables('{a} and {b} and {a}')).toEqual(['a', 'b']);
    });

    it('refuses a missing variable by its name', () => {
      expect(codeOf(() => make().render('Hi {who}', { ...EN, values: {} }))).toEqual([
        'BELAY_TEMPLATE_INVALID',
        expect.stringContaining('{who}'),
      ]);
      expect(codeOf(() => make().render('Hi {who}', { ...EN, values: { who: null } }))).toEqual([
        'BELAY_TEMPLATE_INVALID',
        expect.stringContaining('{who}'),
      ]);
    });

    it('refuses a brace that is never closed', () => {
      expect(codeOf(() => make().variables('Hi {who'))[0]).toBe('BELAY_TEMPLATE_INVALID');
    });

    it('refuses a link that is not https', () => {
      expect(codeOf(() => make().render('[here](http://example.com/x)', { ...EN, values: {} }))[0]).toBe('BELAY_TEMPLATE_INVALID');
    });

    it('shows an instant in the zone of the audience and a promise as a span of time', () => {
      const source = 'Within {promise}, by {nextUpdate}';
      const values = { promise: 1_800_000, nextUpdate: AT };
      expect(make().render(source, { ...EN, values }).plain).toBe('Within 30 min, by 12:00 UTC');
      const there = make().render(source, { lang: 'pt-BR', zone: 'America/Sao_Paulo', values });
      expect(there.plain).toMatch(/^Within 30 min, by 09:00 (BRT|GMT-3)$/);
    });

    it('lets no value ping, style or open a tag', () => {
      const out = make().render('For {org}', { ...EN, values: { org: 'ACME <!channel> *pwn* &lt;' } });
      expect(out.slack).not.toMatch(/<|\*/);
      expect(out.html).not.toContain('<!channel>');
      expect(out.html).toContain('&amp;lt;');
      expect(out.plain).toBe('For ACME <!channel> *pwn* &lt;');
    });

    it('keeps a value on one line', () => {
      const out = make().render('# For {org}', { ...EN, values: { org: 'A\r\nBcc: b@example.com\u001b[2J' } });
      expect(out.subject).not.toMatch(/\p{Cc}/u);
    });
  });
}

function codeOf(work: () => unknown): readonly [string, string] {
  try {
    work();
  } catch (error) {
    if (BelayError.is(error)) return [error.code, error.message];
    throw error;
  }
  throw new Error('nothing was refused');
}
