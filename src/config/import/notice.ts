// What single lines of a document are besides prose: triggers, guards, roles, clocks, evidence, tables of targets and people.
// Each is noted in the front matter, as it is or as a draft, and the line stays where it stood.
import type { Table } from 'mdast';
import { writeDuration } from '../../domain/units.ts';
import { deadlineIn, limitIn, spanIn } from './facts.ts';
import { addDraft, quoted } from './front.ts';
import { writeTemplate } from './templates.ts';
import { lineOf, oneLine, rawOf } from './text.ts';
import { bareText, isIrreversible, isProhibition } from './topics.ts';
import type { Walk } from './walking.ts';

/** An item of a list whose section is about something else than what is done. */
export function takeItem(text: string, line: number, walk: Walk): void {
  const said = bareText(text);
  if (said === '') return;
  switch (walk.topic) {
    case 'triggers':
      takeTrigger(said, line, walk);
      return;
    case 'never':
      takeNever(said, line, walk);
      return;
    case 'require':
      takeRequire(said, line, walk);
      return;
    case 'roles':
    case 'contacts':
      takeRole(said, line, walk);
      return;
    case 'evidence':
      addDraft(walk.front, 'evidence', `- ${walk.ids.take(said, 'evidence')}   # line ${line}`);
      walk.findings.add(line, 'evidence', said, { became: 'draft', where: 'evidence', needs: 'evidence' });
      return;
    case 'messages': {
      const [, quote] = /^["“](.{20,})["”]\.?$/.exec(oneLine(text)) ?? [];
      if (quote !== undefined) writeTemplate(walk.label?.text ?? 'message', quote, line, walk);
      return;
    }
    default:
      takeProhibition(text, line, walk);
      takeFact(text, line, walk);
  }
}

function takeTrigger(said: string, line: number, walk: Walk): void {
  const id = walk.ids.take(said.split(/[:;,(<>]/)[0] ?? said, 'trigger');
  const limit = limitIn(said);
  if (limit === null) {
    addDraft(walk.front, 'triggers', `${id}: { signal: { manual: { who: [???], ask: ${quoted(said)} } } }   # line ${line}`);
    walk.findings.add(line, 'trigger', said, { became: 'draft', where: id, needs: 'signal' });
    return;
  }
  const window =
    limit.windowMs === null ? 'over: ???' : `${limit.holds && !limit.isShare ? 'for' : 'over'}: ${writeDuration(limit.windowMs)}`;
  addDraft(
    walk.front,
    'triggers',
    `${id}: { signal: ???, breach: { ${limit.side}: ${limit.value}, ${window} }, clear: ??? }   # line ${line}: ${said}`,
  );
  walk.findings.add(line, 'trigger', said, { became: 'draft', where: id, needs: limit.windowMs === null ? 'window' : 'signal' });
}

function takeNever(said: string, line: number, walk: Walk): void {
  const id = walk.ids.take(said, 'never');
  walk.front.never.push({ id, text: said, line });
  walk.findings.add(line, 'never', said, { where: id, needs: 'guard' });
}

function takeRequire(said: string, line: number, walk: Walk): void {
  const id = walk.ids.take(said, 'require');
  if (walk.body.count > 0) {
    // What must hold before a later part cannot be asked before the first.
    addDraft(
      walk.front,
      'require',
      `- { id: ${id}, text: ${quoted(said)}, ask: ${quoted(`${said}?`)} }   # line ${line}: of which step is it the pre?`,
    );
    walk.findings.add(line, 'require', said, { became: 'draft', where: 'require', needs: 'guard' });
    return;
  }
  walk.front.require.push({ id, text: said, line });
  walk.findings.add(line, 'require', said, { where: id, needs: 'guard' });
}

function takeRole(said: string, line: number, walk: Walk): void {
  if (takeClock(said, line, walk)) return;
  const [, role, person] = /^([^:]{2,60}):\s*(.{2,})$/.exec(said) ?? [];
  if (role === undefined || person === undefined) return;
  addDraft(walk.front, 'roles', `${walk.ids.take(role, 'role')}: { is: ??? }   # line ${line}: ${person}`);
  walk.findings.add(line, 'role', said, { became: 'draft', where: 'roles', needs: 'role' });
}

/** A warning of the text. True when it is one. */
export function takeProhibition(text: string, line: number, walk: Walk): boolean {
  if (!isProhibition(text) && !isIrreversible(text)) return false;
  const said = bareText(oneLine(text));
  if (said.length < 6 || /:$/.test(said)) return false;
  const where = walk.body.stepId;
  const about = where === null ? '' : `, step ${where}`;
  if (walk.findings.all.some((one) => one.kind === 'never' && one.line === line)) return true;
  addDraft(walk.front, 'never', `${isIrreversible(text) ? 'irreversible' : 'ask'}: ${quoted(said)}   # line ${line}${about}`);
  walk.findings.add(line, 'never', said, { became: 'draft', where, needs: 'guard' });
  return true;
}

/** A limit of time that the line sets. */
export function takeFact(text: string, line: number, walk: Walk): void {
  if (['triggers', 'never', 'require', 'notes'].includes(walk.topic)) return;
  if (/^\W*(?:decis[ãa]o|decision)\W/i.test(text) && limitIn(text) !== null) {
    takeTrigger(bareText(text), line, walk);
    return;
  }
  takeClock(oneLine(text), line, walk);
}

const ENDS: readonly (readonly [RegExp, string])[] = [
  [/rca|causa|root cause|post-?mortem|relat[óo]rio|report/i, 'phase.closed'],
  [/diagn|identific|ack|avalia|assess|triag|decis|decide|reconhec/i, 'phase.responding'],
  [/rollback|workaround|mitig|execu|restor|restaur|recover|aplicad/i, 'phase.mitigated'],
];
const DEADLINE = /\bsla\b|at[ée]\s+\d|dentro de \d|within \d|in[íi]cio|\((?:\d+\s?(?:min\w*|h\w*))\)|in at most/i;
const OTHER_START = /depois|ap[óo]s|after|dentro de|within/i;

function takeClock(said: string, line: number, walk: Walk): boolean {
  const budgetMs = DEADLINE.test(said) ? deadlineIn(said) : null;
  const until = ENDS.find(([pattern]) => pattern.test(said))?.[1];
  if (budgetMs === null || said.length > 160) return watchOf(said, line, walk);
  if (walk.findings.all.some((one) => one.kind === 'clock' && one.line === line)) return true;
  const name = said.split(/[:(—–]| at[ée] | em at[ée] | within /i)[0] ?? said;
  if (until === undefined || OTHER_START.test(said)) {
    addDraft(
      walk.front,
      'clocks',
      `${walk.ids.take(name, 'clock')}: { from: ???, budget: ${writeDuration(budgetMs)} }   # line ${line}: ${said}`,
    );
    walk.findings.add(line, 'clock', said, { became: 'draft', where: 'clocks', needs: 'clock-end' });
    return true;
  }
  const id = walk.ids.take(name, 'clock');
  walk.front.clocks.push({ id, budgetMs, until, line });
  walk.findings.add(line, 'clock', said, { where: id, needs: 'clock-end' });
  return true;
}

/** "Monitorar por 30 min", "aguardar 2-5 minutos": how long a step lasts. */
function watchOf(said: string, line: number, walk: Walk): boolean {
  if (walk.topic !== 'procedure') return false;
  const [, verb] = /\b(monitor\w*|watch|observ\w+|acompanh\w+|aguard\w+|wait|esper\w+)\b/i.exec(said) ?? [];
  const spanMs = verb === undefined ? null : spanIn(said);
  if (spanMs === null || verb === undefined || walk.findings.all.some((one) => one.kind === 'clock' && one.line === line)) return false;
  const kind = /^(?:aguard|wait|esper)/i.test(verb) ? 'wait' : 'watch';
  addDraft(walk.front, 'clocks', `${kind} for: ${writeDuration(spanMs)}   # line ${line}: ${said.slice(0, 100)}`);
  walk.findings.add(line, 'clock', said, { became: 'draft', where: walk.body.stepId, needs: 'typed' });
  return true;
}

const HEADS: readonly (readonly [section: string, kind: 'target' | 'contact' | 'role' | 'estimate' | 'evidence', RegExp])[] = [
  ['components', 'target', /\brto\b|\brpo\b/i],
  ['estimates', 'estimate', /estimad|estimated|tempo esperado|duration|dura[çc][ãa]o/i],
  ['audiences', 'role', /canal|channel|stakeholder|audi[êe]ncia|audience/i],
  ['people', 'contact', /contato|contact|telefone|phone|e-?mail|fornecedor|vendor/i],
  ['roles', 'role', /papel|role|respons[áa]vel|primary|titular|substituto/i],
];

/** Tables of targets, people, audiences and estimates: a draft a row. */
export function takeTable(node: Table, walk: Walk): void {
  const [head, ...rows] = node.children;
  if (head === undefined) return;
  const titles = head.children.map((cell) => bareText(oneLine(cellOf(cell, walk))));
  const known = HEADS.find(([, , pattern]) => titles.some((title) => pattern.test(title)));
  if (known === undefined || walk.topic === 'postmortem') return;
  const [section, kind] = known;
  for (const row of rows) {
    const cells = row.children.map((cell) => oneLine(cellOf(cell, walk)));
    const said = cells.join(' | ');
    const line = row.position?.start.line ?? lineOf(node);
    addDraft(walk.front, section, kind === 'target' ? targetOf(titles, cells, walk) : `${said}   # line ${line}`);
    walk.findings.add(line, kind, said, {
      became: 'draft',
      where: section,
      needs: kind === 'target' || kind === 'estimate' ? 'component' : 'role',
    });
  }
}

function cellOf(cell: Table['children'][number]['children'][number], { source }: Walk): string {
  const raw = rawOf(cell as never, source);
  return raw.replace(/^\||\|$/g, '').trim();
}

/** `api: { rto: 5m, rpo: 0s, criticality: critical }` */
function targetOf(titles: readonly string[], cells: readonly string[], { ids }: Walk): string {
  const at = (pattern: RegExp): string => cells[titles.findIndex((title) => pattern.test(title))] ?? '';
  const time = (text: string): string => {
    const ms = spanIn(text);
    return ms === null ? (/^\D*0\b/.test(text) ? '0s' : '???') : writeDuration(ms);
  };
  const criticality = /crit/i.test(at(/critic/i)) ? 'critical' : /high|alt/i.test(at(/critic/i)) ? 'high' : 'normal';
  return `${ids.take(cells[0] ?? '', 'component')}: { rto: ${time(at(/\brto\b/i))}, rpo: ${time(at(/\brpo\b/i))}, criticality: ${criticality} }   # ${cells.join(' | ')}`;
}
