// The four forms of a filled message: subject, plain text, HTML and Slack's mrkdwn. Text is escaped here and nowhere else.
import type { Filled } from './compile.ts';

type Parent = Extract<Filled, { readonly children: readonly Filled[] }>;

/** The first heading, else the first line. */
export function subjectOf(root: Filled): string {
  const children = 'children' in root ? root.children : [];
  const first = children.find((child) => child.type === 'heading') ?? children[0] ?? root;
  return plainInline(first).split('\n')[0]?.trim() ?? '';
}

export function plainOf(root: Filled): string {
  return blocks(root, plainBlock);
}

export function htmlOf(root: Filled): string {
  return 'children' in root ? root.children.map(html).join('\n') : html(root);
}

export function slackOf(root: Filled): string {
  return blocks(root, slackBlock);
}

function blocks(root: Filled, block: (node: Filled) => string): string {
  return 'children' in root ? root.children.map(block).join('\n\n') : block(root);
}

function plainBlock(node: Filled): string {
  if (node.type === 'code') return node.text;
  if (node.type === 'rule') return '---';
  if (node.type === 'list') return listLines(node, plainBlock, '-');
  if (node.type === 'quote') return prefix(node.children.map(plainBlock).join('\n\n'), '> ', '> ');
  if (node.type === 'item') return node.children.map(plainBlock).join('\n');
  return plainInline(node);
}

function plainInline(node: Filled): string {
  if ('text' in node) return node.text;
  if (node.type === 'break') return '\n';
  if (node.type === 'rule') return '';
  const text = node.children.map(plainInline).join('');
  return node.type === 'link' && text !== node.url && `${text}/` !== node.url ? `${text} (${node.url})` : text;
}

function listLines(node: Extract<Filled, { type: 'list' }>, block: (node: Filled) => string, bullet: string): string {
  return node.children
    .map((item, index) => {
      const mark = node.start === null ? `${bullet} ` : `${node.start + index}. `;
      return prefix(block(item), mark, ' '.repeat(mark.length));
    })
    .join('\n');
}

function prefix(text: string, first: string, rest: string): string {
  return text
    .split('\n')
    .map((line, index) => (index === 0 ? first : rest) + line)
    .join('\n');
}

const HTML_CHARS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => HTML_CHARS[char] ?? char);

function html(node: Filled): string {
  if ('text' in node) {
    const text = escapeHtml(node.text);
    if (node.type === 'text') return text;
    return node.type === 'code' ? `<pre><code>${text}</code></pre>` : `<code>${text}</code>`;
  }
  if (node.type === 'break') return '<br>';
  if (node.type === 'rule') return '<hr>';
  const inner = node.children.map(html).join('');
  if (node.type === 'link') return `<a href="${escapeHtml(node.url)}">${inner}</a>`;
  if (node.type === 'list' && node.start !== null) return `<ol start="${node.start}">${inner}</ol>`;
  const tag = htmlTag(node);
  return tag === '' ? inner : `<${tag}>${inner}</${tag}>`;
}

function htmlTag(node: Parent): string {
  const tags = {
    root: '',
    paragraph: 'p',
    emphasis: 'em',
    strong: 'strong',
    quote: 'blockquote',
    item: 'li',
    list: 'ul',
    link: '',
  } as const;
  return node.type === 'heading' ? `h${node.depth}` : tags[node.type];
}

function slackBlock(node: Filled): string {
  if (node.type === 'code') return `\`\`\`\n${slackText(node.text, true)}\n\`\`\``;
  if (node.type === 'rule') return '---';
  if (node.type === 'list') return listLines(node, slackBlock, '•');
  if (node.type === 'quote') return prefix(node.children.map(slackBlock).join('\n\n'), '> ', '> ');
  if (node.type === 'item') return node.children.map(slackBlock).join('\n');
  if (node.type === 'heading') return `*${slackInline(node, 'strong')}*`;
  return slackInline(node, null);
}

/** `inside` keeps a mark from being opened twice: Slack would close it. */
function slackInline(node: Filled, inside: 'strong' | null): string {
  if ('text' in node) return node.type === 'text' ? slackText(node.text, false) : `\`${slackText(node.text, true)}\``;
  if (node.type === 'break') return '\n';
  if (node.type === 'rule') return '';
  const inner = node.children.map((child) => slackInline(child, node.type === 'strong' ? 'strong' : inside)).join('');
  if (node.type === 'link') return `<${escapeSlack(node.url)}|${inner.replaceAll('|', '∣')}>`;
  if (node.type === 'emphasis') return `_${inner}_`;
  return node.type === 'strong' && inside === null ? `*${inner}*` : inner;
}

const SLACK_CHARS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escapeSlack = (text: string): string => text.replace(/[&<>]/g, (char) => SLACK_CHARS[char] ?? char);

/** mrkdwn has no escape character: marks become letters that look the same and mean nothing. */
const LOOKALIKE: Readonly<Record<string, string>> = { '*': '∗', '~': '∼', '`': 'ˋ' };

function slackText(text: string, inCode: boolean): string {
  if (inCode) return escapeSlack(text.replaceAll('`', 'ˋ'));
  const unmarked = text
    .replace(/[*~`]/g, (char) => LOOKALIKE[char] ?? char)
    // Inside a word Slack leaves _ alone, and names such as web_hook stay copyable.
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, 'ˍ')
    .replace(/^\s*>/, '›');
  return escapeSlack(unmarked);
}
