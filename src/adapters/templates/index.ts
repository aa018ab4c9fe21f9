// Keeps the renderer's contract with Markdown (mdast) and ICU. It reads no file and knows no channel.
import { BelayError } from '../../domain/errors.ts';
import type { Renderer } from '../../ports/renderer.ts';
import type { Compiled } from './compile.ts';
import { compileTemplate } from './compile.ts';
import { htmlOf, plainOf, slackOf, subjectOf } from './forms.ts';

export interface RendererOptions {
  /** Hosts that a link may name through a variable. Hosts that templates write out need no entry. */
  readonly linkHosts?: readonly string[];
}

const CACHE_SIZE = 200;

/** @example createRenderer().render('# Hi {name}', { lang: 'en', zone: 'UTC', values: { name: 'Ana' } }).subject // 'Hi Ana' */
export function createRenderer(options: RendererOptions = {}) {
  const linkHosts = new Set(options.linkHosts ?? []);
  const cache = new Map<string, Compiled>();
  /** Those that were found to be one: to ask takes longer than to render. */
  const zones = new Set<string>();

  const compiled = (source: string): Compiled => {
    const known = cache.get(source);
    if (known !== undefined) return known;
    const fresh = compileTemplate(source);
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(source, fresh);
    return fresh;
  };

  return {
    render: (source, o) => {
      if (!zones.has(o.zone)) {
        checkZone(o.zone);
        if (zones.size >= CACHE_SIZE) zones.clear();
        zones.add(o.zone);
      }
      const root = compiled(source).fill(o.values, { lang: o.lang, zone: o.zone }, linkHosts);
      return { subject: subjectOf(root), plain: plainOf(root), html: htmlOf(root), slack: slackOf(root) };
    },
    variables: (source) => compiled(source).variables,
  } satisfies Renderer;
}

function checkZone(zone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch (cause) {
    throw new BelayError('BELAY_TEMPLATE_INVALID', `"${zone}" is not a time zone`, {
      hint: 'Write a zone such as America/Sao_Paulo or UTC.',
      cause,
    });
  }
}
