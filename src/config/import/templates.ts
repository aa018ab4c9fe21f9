// Messages of a document as templates of Belay in both languages: the text as it is, the other language to be translated.
import { addDraft } from './front.ts';
import { lettersOf, oneLine } from './text.ts';
import { bareText } from './topics.ts';
import type { Walk } from './walking.ts';

const VARIABLES: readonly (readonly [RegExp, string])[] = [
  [/<ORG(?:ANIZA\w*)?>|\[(?:org|organiza[çc][ãa]o|organization|cliente)\]/gi, 'org'],
  [/\[(?:severity|severidade)[^\]]*\]/gi, 'severity'],
  [/\[(?:componentes?|components?)\]/gi, 'components'],
];

/** False when it is no message and stays where it stood. */
export function takeTemplate(value: string, line: number, walk: Walk): boolean {
  if (walk.topic === 'postmortem' || /^##? /m.test(value.trim().split('\n').slice(1).join('\n')) || value.trim() === '') return false;
  const first = value.split('\n').find((one) => lettersOf(one) !== '') ?? '';
  const title = bareText(walk.label?.text ?? '') || bareText(first.replace(/^#+\s*/, '').replace(/[:[{<].*$/, ''));
  writeTemplate(title, value, line, walk);
  return true;
}

export function writeTemplate(title: string, value: string, line: number, walk: Walk): void {
  const id = walk.ids.take(title, 'message');
  const text = filled(safe(value.trim()));
  const other = walk.lang === 'en' ? 'pt-BR' : 'en';
  const translate = walk.lang === 'en' ? 'Falta traduzir:' : 'To be translated:';
  walk.body.text([`\`\`\`belay template ${id} ${walk.lang}`, text, '```'].join('\n'));
  walk.body.text([`\`\`\`belay template ${id} ${other}`, `${translate}\n`, text, '```'].join('\n'));
  walk.findings.add(line, 'template', oneLine(value), { became: 'used', where: id, needs: 'translate' });
  addDraft(walk.front, 'audiences', `${id}: a message of line ${line}; which audiences hear it?`);
}

/** What the language of messages or a fence would take for its own. */
function safe(text: string): string {
  return text
    .replaceAll('`', "'")
    .replace(/~{3,}/g, '~~')
    .replace(/'/g, '’')
    .replace(/[{]/g, '(')
    .replace(/[}]/g, ')')
    .replace(/<(?!ORG)([^<>\n]{1,60})>/g, '[$1]')
    .replace(/^ {4,}/gm, '  ');
}

function filled(text: string): string {
  return VARIABLES.reduce((said, [pattern, name]) => said.replace(pattern, `{${name}}`), text);
}
