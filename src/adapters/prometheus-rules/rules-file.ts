// A rule file of Prometheus or vmalert as a list of rules, each with its line. Bounded; trouble is told with its place. It gives no rule a
// meaning.
import { isMap, isSeq, LineCounter, type ParsedNode, parseDocument } from 'yaml';
import { BelayError } from '../../domain/errors.ts';
import { durationOf } from './syntax.ts';

const MOST_CHARS = 4 * 1024 * 1024;
const MOST_RULES = 5_000;
const MOST_WORDS = 64;
const LONGEST_WORD = 2_000;

export interface AlertRule {
  readonly name: string;
  readonly group: string;
  readonly line: number;
  readonly expr: string;
  readonly forMs: number;
  readonly keepMs: number;
  /** Templates in them are texts: they are shown, never executed. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RulesFile {
  readonly alerts: readonly AlertRule[];
  /** Expressions that are recorded under a name. */
  readonly recordings: ReadonlyMap<string, string>;
}

/** @throws BELAY_CONFIG_INVALID with line and column */
export function readRulesFile(text: string, file: string): RulesFile {
  if (text.length > MOST_CHARS) throw invalid(file, `it is longer than ${MOST_CHARS} characters`, 'Give it in parts.');
  const lines = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const { data, rules } = parsed(text, lines, at, file);
  if (typeof data !== 'object' || data === null || !Array.isArray((data as { groups?: unknown }).groups))
    throw invalid(`${file}:1:1`, 'there is no list "groups"', 'It must be a rule file: groups: [{ name: …, rules: […] }].');
  const alerts: AlertRule[] = [];
  const recordings = new Map<string, string>();
  if (rules.length > MOST_RULES)
    throw invalid(file, `it holds ${rules.length} rules, and at most ${MOST_RULES} are read`, 'Give it in parts.');
  for (const { rule, offset, group } of rules) {
    const place = at(offset);
    const expr = textIn(rule, 'expr', place);
    if (typeof rule['record'] === 'string') recordings.set(rule['record'], expr);
    else alerts.push(alertOf(rule, { expr, group, place, line: lines.linePos(offset).line }));
  }
  return { alerts, recordings };
}

type Words = Readonly<Record<string, unknown>>;
interface Found {
  readonly rule: Words;
  readonly offset: number;
  readonly group: string;
}

function parsed(
  text: string,
  lines: LineCounter,
  at: (offset: number) => string,
  file: string,
): { readonly data: unknown; readonly rules: readonly Found[] } {
  try {
    const document = parseDocument<ParsedNode>(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'silent',
      version: '1.1',
      merge: true,
    });
    const [error] = document.errors;
    if (error !== undefined)
      throw invalid(at(error.pos[0]), `this is no YAML: ${error.message.slice(0, 200)}`, 'Let promtool check rules say the same.');
    const data: unknown = document.toJS({ maxAliasCount: 200 });
    const groups = isMap(document.contents) ? document.contents.get('groups', true) : undefined;
    return { data, rules: isSeq(groups) ? groups.items.flatMap((group) => rulesIn(group, document)) : [] };
  } catch (error) {
    if (BelayError.is(error)) throw error;
    // Aliases that multiply, and brackets that nest a thousand times.
    throw invalid(
      `${file}:1:1`,
      `this cannot be read: ${error instanceof Error ? error.message.slice(0, 200) : 'it nests too deeply'}`,
      'Write it out.',
    );
  }
}

type Document = ReturnType<typeof parseDocument<ParsedNode>>;

function rulesIn(group: unknown, document: Document): readonly Found[] {
  if (!isMap(group)) return [];
  const rules = group.get('rules', true);
  const name = group.get('name');
  if (!isSeq(rules)) return [];
  return rules.items.map((item) => {
    const node = item as ParsedNode;
    const rule: unknown = isMap(node) ? node.toJS(document, { maxAliasCount: 200 }) : {};
    return { rule: rule as Words, offset: node.range?.[0] ?? 0, group: typeof name === 'string' ? name : '' };
  });
}

function alertOf(
  rule: Words,
  o: { readonly expr: string; readonly group: string; readonly place: string; readonly line: number },
): AlertRule {
  return {
    name: textIn(rule, 'alert', o.place),
    group: o.group,
    line: o.line,
    expr: o.expr,
    forMs: spanIn(rule, 'for', o.place),
    keepMs: spanIn(rule, 'keep_firing_for', o.place),
    labels: wordsIn(rule['labels']),
    annotations: wordsIn(rule['annotations']),
  };
}

function textIn(rule: Words, key: string, place: string): string {
  const value = rule[key];
  if (typeof value === 'string' && value.includes('{env.'))
    throw invalid(place, `${key} holds "{env.", which belay.yaml would replace from the environment`, 'Take that rule out of the file.');
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  if (typeof value === 'number') return String(value);
  throw invalid(place, `a rule has no ${key}`, 'Each rule needs alert (or record) and expr.');
}

function spanIn(rule: Words, key: string, place: string): number {
  const value = rule[key];
  if (value === undefined || value === null || value === 0 || value === '0s' || value === '0') return 0;
  const ms = typeof value === 'string' ? durationOf(value) : null;
  if (ms === null) throw invalid(place, `${key} is no duration`, 'Write it as 5m or 1h30m.');
  return ms;
}

function wordsIn(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MOST_WORDS)
      .flatMap(([name, one]) => (typeof one === 'string' || typeof one === 'number' ? [[name, String(one).slice(0, LONGEST_WORD)]] : [])),
  );
}

function invalid(place: string, what: string, hint: string): BelayError {
  return new BelayError('BELAY_CONFIG_INVALID', `${place}: ${what}.`, { hint });
}
