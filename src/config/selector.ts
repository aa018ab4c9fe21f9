// Selectors of counters as Prometheus writes them: `http_requests_total{code=~"5..", org!=""}`.
import type { Selector } from '../domain/signal.ts';
import type { Reader } from './read.ts';
import { wrong } from './read.ts';

const FORM = `a counter's name, with label matchers if wanted: http_requests_total{code=~"5.."}`;
type Matcher = Selector['labels'][number];

/** @example parseSelector('a{b="c"}') // { name: 'a', labels: [{ label: 'b', op: '=', value: 'c' }] } */
export function parseSelector(text: string): Selector | { readonly why: string } {
  const [, name, inner] = /^\s*([a-zA-Z_:][\w:.]*)\s*(?:\{(.*)\}\s*)?$/s.exec(text) ?? [];
  if (name === undefined)
    return { why: text.includes('{') && !text.includes('}') ? 'the brace is not closed' : 'it does not begin with the name of a counter' };
  const labels: Matcher[] = [];
  let rest = (inner ?? '').trim();
  while (rest !== '') {
    const match = /^([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,\s*|$)/.exec(rest);
    if (match === null) return { why: `${rest} is not a label matcher such as code=~"5.."` };
    const [all, label = '', op = '=', quoted = ''] = match;
    const value = quoted.replace(/\\(["\\])/g, '$1');
    const broken = op.endsWith('~') ? patternProblem(value) : null;
    if (broken !== null) return { why: broken };
    labels.push({ label, op: op as Matcher['op'], value });
    rest = rest.slice(all.length);
  }
  return { name, labels };
}

function patternProblem(pattern: string): string | null {
  try {
    new RegExp(`^(?:${pattern})$`, 'u');
    return null;
  } catch (error) {
    return `"${pattern}" is not a pattern: ${(error as Error).message.split(': ').at(-1) ?? ''}`;
  }
}

export const selector: Reader<Selector> = (value, problems, name) => {
  if (value.kind !== 'scalar' || typeof value.value !== 'string') return wrong(value, problems, name, FORM);
  const parsed = parseSelector(value.value);
  if ('name' in parsed) return parsed;
  problems.error('selector', value.span, `${name}: ${parsed.why}`, { expected: FORM });
  return undefined;
};
