// A template's Markdown as a tree whose text nodes are ICU messages. Refuses what could not be shown everywhere or checked.
import type { Nodes, Parents, PhrasingContent, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import type { JsonObject } from '../../domain/json.ts';
import type { Audience } from './icu.ts';
import { compileIcu, textOf } from './icu.ts';
import type { Place } from './problem.ts';
import { problem } from './problem.ts';

/** A tree of ready text: what the forms print. */
export type Filled =
  | { readonly type: 'text' | 'code' | 'inlineCode'; readonly text: string }
  | { readonly type: 'break' }
  | { readonly type: 'rule' }
  | { readonly type: 'link'; readonly url: string; readonly children: readonly Filled[] }
  | { readonly type: 'heading'; readonly depth: number; readonly children: readonly Filled[] }
  | { readonly type: 'list'; readonly start: number | null; readonly children: readonly Filled[] }
  | { readonly type: 'root' | 'paragraph' | 'emphasis' | 'strong' | 'quote' | 'item'; readonly children: readonly Filled[] };

export interface Compiled {
  readonly variables: readonly string[];
  fill(values: JsonObject, audience: Audience, linkHosts: ReadonlySet<string>): Filled;
}

type Maker = (values: JsonObject, audience: Audience, linkHosts: ReadonlySet<string>) => Filled;

export function compileTemplate(source: string): Compiled {
  const variables = new Set<string>();
  const tree = fromMarkdown(source);
  if (tree.children.length === 0)
    throw problem({ line: 1, column: 1 }, 'the template is empty', 'Write a heading (the subject) and a paragraph.');
  const make = compileNode(tree, variables);
  return {
    variables: [...variables],
    fill: (values, audience, linkHosts) => {
      const missing = [...variables].filter((name) => values[name] === undefined || values[name] === null);
      if (missing.length > 0) {
        const known = Object.keys(values).sort().join(', ') || 'none';
        throw problem(undefined, `no value for {${missing.join('}, {')}}`, `Known here: ${known}.`);
      }
      return make(values, audience, linkHosts);
    },
  };
}

function compileNode(node: Nodes, variables: Set<string>): Maker {
  switch (node.type) {
    case 'text':
      return compileText(node.value, placeOf(node), variables);
    case 'inlineCode':
    case 'code':
      return compileCode(node.type, node.value, placeOf(node));
    case 'break':
      return () => ({ type: 'break' });
    case 'thematicBreak':
      return () => ({ type: 'rule' });
    case 'link':
      return compileLink(node.url, compileChildren(node, variables), placeOf(node), variables);
    case 'heading':
      return withChildren(compileChildren(node, variables), (children) => ({ type: 'heading', depth: node.depth, children }));
    case 'list':
      return withChildren(compileChildren(node, variables), (children) => ({
        type: 'list',
        start: node.ordered === true ? (node.start ?? 1) : null,
        children,
      }));
    default: {
      const type = PLAIN_PARENTS[node.type];
      if (type === undefined || !('children' in node))
        throw problem(
          placeOf(node),
          `${node.type} cannot be used in a message`,
          'Use headings, paragraphs, lists, quotes, emphasis, code and inline links; no HTML.',
        );
      return withChildren(compileChildren(node, variables), (children) => ({ type, children }));
    }
  }
}

const PLAIN_PARENTS: Readonly<Record<string, 'root' | 'paragraph' | 'emphasis' | 'strong' | 'quote' | 'item'>> = {
  root: 'root',
  paragraph: 'paragraph',
  emphasis: 'emphasis',
  strong: 'strong',
  blockquote: 'quote',
  listItem: 'item',
};

function compileChildren(node: Parents, variables: Set<string>): readonly Maker[] {
  return (node.children as readonly (RootContent | PhrasingContent)[]).map((child) => compileNode(child, variables));
}

function withChildren(makers: readonly Maker[], build: (children: readonly Filled[]) => Filled): Maker {
  return (values, audience, linkHosts) => build(makers.map((make) => make(values, audience, linkHosts)));
}

function compileText(text: string, place: Place | undefined, variables: Set<string>): Maker {
  const message = compileIcu(text, place);
  for (const name of message.variables) variables.add(name);
  return (values, audience) => ({ type: 'text', text: message.fill(values, audience).replaceAll('\n', ' ') });
}

function compileCode(type: 'code' | 'inlineCode', text: string, place: Place | undefined): Maker {
  if (/^\s*\{\s*\w+\s*\}\s*$/.test(text))
    throw problem(place, `${text.trim()} stands in code, where nothing is filled in`, 'Take it out of the backticks.');
  return () => ({ type, text });
}

const VARIABLE = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;

/** The author's own host may take variables in its path; a host that comes from a variable must be on the list. */
function compileLink(url: string, makers: readonly Maker[], place: Place | undefined, variables: Set<string>): Maker {
  for (const [, name] of url.matchAll(VARIABLE)) variables.add(name as string);
  const fixedHost = /^https:\/\/[^/{}?#\\]+(?:[/?#]|$)/.test(url);
  if (!fixedHost && !url.startsWith('{'))
    throw problem(
      place,
      `the link ${url} is not https with a host of its own`,
      'Write https://host/…; variables may stand after the host.',
    );
  return (values, audience, linkHosts) => {
    const whole = !fixedHost;
    const filled = url.replaceAll(VARIABLE, (_all, name: string) => {
      const text = textOf(name, values[name] ?? null, audience);
      return whole ? text : encodeURIComponent(text);
    });
    const parsed = URL.canParse(filled) ? new URL(filled) : null;
    if (parsed === null || parsed.protocol !== 'https:' || parsed.username !== '' || (whole && !linkHosts.has(parsed.host))) {
      throw problem(
        place,
        `the link ${url} became "${filled}", which is not an allowed https address`,
        'Only https links to hosts that the template or the settings name are sent.',
      );
    }
    return { type: 'link', url: parsed.href.replaceAll('|', '%7C'), children: makers.map((make) => make(values, audience, linkHosts)) };
  };
}

function placeOf(node: Nodes): Place | undefined {
  return node.position?.start;
}
