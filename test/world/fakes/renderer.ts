// A renderer for flows' tests: `{name}` is replaced, and the contract's promises are kept. No Markdown tree, no ICU.
import { BelayError } from '../../../src/domain/errors.ts';
import type { Json } from '../../../src/domain/json.ts';
import { valueKind } from '../../../src/domain/message.ts';
import { formatDuration, formatTime } from '../../../src/domain/time-text.ts';
import type { Renderer } from '../../../src/ports/renderer.ts';

const VARIABLE = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;
const LINK = /\]\(([^)]*)\)/g;

export function createFakeRenderer(): Renderer {
  const variables = (source: string): readonly string[] => {
    if (source.replaceAll(VARIABLE, '').includes('{'))
      throw new BelayError('BELAY_TEMPLATE_INVALID', '1:1: an open brace', { hint: 'Close it.' });
    return [...new Set([...source.matchAll(VARIABLE)].map(([, name]) => name as string))];
  };
  return {
    variables,
    render: (source, o) => {
      const missing = variables(source).filter((name) => (o.values[name] ?? null) === null);
      if (missing.length > 0)
        throw new BelayError('BELAY_TEMPLATE_INVALID', `no value for {${missing.join('}, {')}}`, { hint: 'Give it.' });
      for (const [, url] of source.matchAll(LINK)) {
        if (url?.startsWith('https://') !== true)
          throw new BelayError('BELAY_TEMPLATE_INVALID', `${url} is not https`, { hint: 'Use https.' });
      }
      const fill = (safe: (text: string) => string): string =>
        source.replaceAll(VARIABLE, (_all, name: string) => safe(show(name, o.values[name] ?? null, o)));
      const plain = fill((text) => text).replaceAll(/^#+ /gm, '');
      const html = fill((text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;'));
      return {
        subject: plain.split('\n')[0] ?? '',
        plain,
        html,
        slack: fill((text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('*', '∗')),
      };
    },
  } satisfies Renderer;
}

function show(name: string, value: Json, o: { readonly lang: 'en' | 'pt-BR'; readonly zone: string }): string {
  if (typeof value === 'number' && valueKind(name) === 'time') return formatTime(value, o);
  if (typeof value === 'number' && valueKind(name) === 'duration') return formatDuration(value, o.lang);
  if (Array.isArray(value)) return new Intl.ListFormat(o.lang).format(value.map(String));
  return String(value).replaceAll(/\p{Cc}+/gu, ' ');
}
