// What is said of a word: of a kind, an action, a probe, a key, an argument or an option, from the reference pages and the catalogs.
import type { LintContext } from '../config/lint-types.ts';
import { lineAt, positionAt } from '../config/source-text.ts';
import { ACTIONS, type ActionSpec, type ExprType, type ParamSpec, PROBES, type ProbeSpec } from '../domain/catalog.ts';
import type { Lang } from '../domain/system.ts';
import { DRIVEN, optionOf, optionText } from './catalogs.ts';
import type { Document, Part } from './document.ts';
import { FORMAT, type Help, type Manual, SYSTEM } from './manual.ts';
import { wordsOf } from './words.ts';

export interface Helping {
  readonly manual: Manual;
  readonly lang: Lang;
  /** With the actions of belay.yaml. */
  readonly actions?: LintContext['actions'];
}

export function kindHelp(kind: string, { manual }: Helping): string | null {
  return shown(manual, manual.find(FORMAT, 'kind', kind));
}

export function actionHelp(name: string, { manual, lang, actions = ACTIONS }: Helping): string | null {
  const spec = own(actions, name);
  if (spec === undefined) return null;
  const words = wordsOf(lang);
  return joined([signature(spec, lang), words.effect[spec.effect], shown(manual, manual.find(FORMAT, 'action', name))]);
}

export function probeHelp(name: string, { manual, lang }: Helping): string | null {
  const spec = own(PROBES, name);
  if (spec === undefined) return null;
  const gives = Object.entries(spec.result).map(([key, type]) => `\`${key}\` (${typeText(type)})`);
  return joined([
    signature(spec, lang),
    gives.length === 0 ? null : `${wordsOf(lang).gives}: ${gives.join(', ')}`,
    shown(manual, manual.find(FORMAT, 'probe', name)),
  ]);
}

function typeText(type: ExprType): string {
  return typeof type === 'string' ? type : 'record';
}

function signature({ name, params }: ActionSpec | ProbeSpec, lang: Lang): string {
  const words = wordsOf(lang);
  const given = Object.entries(params).map(([key, spec]) => `- \`${key}\`: ${paramText(spec, lang)}`);
  return [`**\`${name}\`** — ${words.takes}${given.length === 0 ? ` ${words.nothing}` : ':'}`, ...given].join('\n');
}

function paramText({ type, required, oneOf, drivers }: ParamSpec, lang: Lang): string {
  const words = wordsOf(lang);
  const allowed = oneOf ?? drivers;
  return [
    type,
    required === true ? words.required : words.optional,
    ...(allowed === undefined ? [] : [words.oneOf(allowed.map((one) => `\`${one}\``).join(', '))]),
  ].join(', ');
}

/** Of a key at a path, in a part of a document. */
export function keyHelp(
  { doc, part, path, key, start }: { doc: Document; part: Part; path: readonly string[]; key: string; start: number },
  o: Helping,
): string | null {
  if (doc.kind === 'system') return systemKeyHelp(doc, [...path, key], start, o);
  if (path.at(-1) === 'with') return argumentHelp(key, callAround(doc, part, start), o);
  const { manual } = o;
  if (part.words === null) {
    const whole = ['triggers', 'signals'].includes(path[0] ?? '') ? systemKeyHelp(doc, [...path, key], start, o) : null;
    return whole ?? shown(manual, manual.find(FORMAT, 'key', path[0] ?? key, 'Front matter'));
  }
  const [kind = ''] = part.words;
  const own = path[0] ?? key;
  const each = kind === 'each' ? manual.find(FORMAT, 'key', own, 'Many organizations') : null;
  return shown(manual, each ?? manual.find(FORMAT, 'key', own, 'Steps') ?? manual.find(FORMAT, 'kind', kind));
}

function systemKeyHelp(doc: Document, path: readonly string[], start: number, { manual, lang }: Helping): string | null {
  const [section = '', id, key] = path;
  const top = shown(manual, manual.find(SYSTEM, 'key', section, ''));
  if (id === undefined) return top;
  if (key === undefined) return section in DRIVEN || section === 'triggers' ? null : top;
  if (section === 'triggers' && path.includes('signal') && path.length > 3)
    return shown(manual, manual.find(SYSTEM, 'key', path[3] ?? '', 'Signals')) ?? top;
  const own = { triggers: 'Triggers', signals: 'Signals', policy: 'Policy' }[section];
  if (own !== undefined) return shown(manual, manual.find(SYSTEM, 'key', section === 'policy' ? (path[2] ?? '') : key, own)) ?? top;
  const driver = driverOf(doc, start);
  if (driver === null || !(section in DRIVEN)) return top;
  const option = optionOf(section, driver, key);
  const page = `${section}/${driver}.md`;
  return joined([
    option === null ? null : `**\`${key}\`** — ${optionText(option, lang)}`,
    shown(manual, manual.find(page, 'option', key)) ??
      shown(manual, manual.find(page, 'key', key)) ??
      shown(manual, manual.find(SYSTEM, 'driver', driver)) ??
      top,
  ]);
}

/** The page of a driver. */
export function driverHelp(section: string, driver: string, { manual, lang }: Helping): string | null {
  const options = Object.entries(own(DRIVEN[section] ?? {}, driver) ?? {});
  if (!(section in DRIVEN) || own(DRIVEN[section] ?? {}, driver) === undefined) return null;
  const page = section === 'channels' ? manual.link(SYSTEM, 'Channels') : manual.link(`${section}/${driver}.md`);
  return joined([
    `**\`${driver}\`**`,
    options.map(([key, option]) => `- \`${key}\`: ${optionText(option, lang)}`).join('\n'),
    `[${wordsOf(lang).more}](${page})`,
  ]);
}

/** The driver that stands beside a place: between the line of its id and the next line that is as far to the left. */
export function driverOf({ source }: Document, start: number): string | null {
  const { line } = positionAt(source, start);
  const indent = (at: number): number => lineAt(source, at).search(/\S/);
  const same = /driver:\s*["']?([\w-]+)/.exec(lineAt(source, line))?.[1];
  if (same !== undefined) return same;
  for (const step of [-1, 1])
    for (let at = line + step; at >= 1 && at <= source.lineStarts.length; at += step) {
      const text = lineAt(source, at);
      if (text.trim() === '') continue;
      if (indent(at) < indent(line) || indent(at) === 0) break;
      const found = /^\s*driver:\s*["']?([\w-]+)/.exec(text)?.[1];
      if (found !== undefined && indent(at) === indent(line)) return found;
    }
  return null;
}

/** What is called where a `with` stands: the action or probe that is written last before it, or that of the step. */
export function callAround({ source }: Document, { from, words }: Part, start: number): { readonly kind: string; readonly name: string } {
  const before = source.text.slice(source.lineStarts[from - 1] ?? 0, start);
  const last = [...before.matchAll(/(?:^|[\s{])(do|probe):\s*["']?([\w.-]+)/g)].at(-1);
  if (last !== undefined) return { kind: last[1] ?? '', name: last[2] ?? '' };
  return { kind: words?.[0] ?? '', name: words?.[1] ?? '' };
}

function argumentHelp(key: string, { kind, name }: { readonly kind: string; readonly name: string }, o: Helping): string | null {
  const spec = kind === 'probe' ? own(PROBES, name) : own(o.actions ?? ACTIONS, name);
  const param = own(spec?.params ?? {}, key);
  if (param === undefined) return null;
  return joined([
    `**\`${key}\`** — ${paramText(param, o.lang)}`,
    shown(o.manual, o.manual.find(FORMAT, kind === 'probe' ? 'probe' : 'action', name)),
  ]);
}

function shown(manual: Manual, help: Help | null): string | null {
  if (help === null) return null;
  const text = manual.text(help);
  return joined([
    text === '' ? null : `${help.title}: ${text}`,
    `[${help.heading === '' ? help.page : help.heading}](${manual.link(help.page, help.heading)})`,
  ]);
}

function joined(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join('\n\n');
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
