// Markdown as HTML for paper and browsers: headings, prose, lists with boxes, tables, fences. Text is escaped, HTML of the author is shown
// as text, and links lead to the web alone.
import type { List, ListItem, PhrasingContent, RootContent, Table } from 'mdast';
import { parseMarkdown } from './markdown.ts';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);
}

/** @example markdownHtml('- [ ] look') // '<ul><li class="box">look</li></ul>' */
export function markdownHtml(markdown: string): string {
  return parseMarkdown(markdown).children.map(blockHtml).join('\n');
}

function blockHtml(node: RootContent): string {
  switch (node.type) {
    case 'heading':
      return `<h${node.depth}>${inline(node.children)}</h${node.depth}>`;
    case 'paragraph':
      return `<p>${inline(node.children)}</p>`;
    case 'list':
      return listHtml(node);
    case 'blockquote':
      return `<blockquote>${node.children.map(blockHtml).join('\n')}</blockquote>`;
    case 'code':
      return `<pre><code>${escapeHtml(node.value)}</code></pre>`;
    case 'table':
      return tableHtml(node);
    case 'thematicBreak':
      return '<hr>';
    case 'html':
      return node.value.startsWith('<!--') ? '' : `<p>${escapeHtml(node.value)}</p>`;
    default:
      return '';
  }
}

function listHtml(node: List): string {
  const tag = node.ordered === true ? 'ol' : 'ul';
  return `<${tag}>${node.children.map(itemHtml).join('')}</${tag}>`;
}

function itemHtml(item: ListItem): string {
  const inner = item.children.map((child) => (child.type === 'paragraph' ? inline(child.children) : blockHtml(child))).join('\n');
  return `<li${typeof item.checked === 'boolean' ? ' class="box"' : ''}>${inner}</li>`;
}

function tableHtml(node: Table): string {
  const rows = node.children.map((row, at) => {
    const tag = at === 0 ? 'th' : 'td';
    return `<tr>${row.children.map((cell) => `<${tag}>${inline(cell.children)}</${tag}>`).join('')}</tr>`;
  });
  return `<table>${rows.join('\n')}</table>`;
}

function inline(nodes: readonly PhrasingContent[]): string {
  return nodes.map(phraseHtml).join('');
}

function phraseHtml(node: PhrasingContent): string {
  switch (node.type) {
    case 'text':
      return escapeHtml(node.value);
    case 'inlineCode':
      return `<code>${escapeHtml(node.value)}</code>`;
    case 'strong':
      return `<strong>${inline(node.children)}</strong>`;
    case 'emphasis':
      return `<em>${inline(node.children)}</em>`;
    case 'delete':
      return `<del>${inline(node.children)}</del>`;
    case 'break':
      return '<br>';
    case 'link':
      return /^https?:\/\//i.test(node.url) ? `<a href="${escapeHtml(node.url)}">${inline(node.children)}</a>` : inline(node.children);
    case 'image':
      return escapeHtml(node.alt ?? '');
    case 'html':
      return escapeHtml(node.value);
    default:
      return 'children' in node ? inline(node.children as readonly PhrasingContent[]) : '';
  }
}
