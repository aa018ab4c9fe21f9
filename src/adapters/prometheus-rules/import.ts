// Rule files of Prometheus as triggers: what says one of Belay's signals exactly becomes that; what compares a value with a number is
// offered as a query of an engine; everything else as a foreign alert. Each with its reason.
import type { Imported, ImportedRule, RuleDoubt, RuleNote } from '../../ports/rule-files.ts';
import { block, foreignTrigger, fragment, polledTrigger, sourceAt, triggerOf, type Written } from './fragment.ts';
import { inlined } from './inline.ts';
import { type Recognised, recognise } from './recognise.ts';
import { type AlertRule, readRulesFile } from './rules-file.ts';
import { parsePromql } from './syntax.ts';

/** How a reason is said to people. */
export type Say = (what: RuleDoubt | RuleNote) => string;

/** @throws BELAY_CONFIG_INVALID for a file that is no rule file, with line and column */
export function importPrometheusRules(files: readonly { readonly name: string; readonly text: string }[], say: Say): Imported {
  const read = files.map(({ name, text }) => readRulesFile(text, name));
  const recordings = new Map(read.flatMap((one) => [...one.recordings]));
  const writer = new Writer(recordings, say);
  for (const rule of read.flatMap((one) => one.alerts)) writer.add(rule);
  return writer.done();
}

class Writer {
  readonly #recordings: ReadonlyMap<string, string>;
  readonly #say: Say;
  readonly #ids = new Set<string>();
  readonly #blocks: string[] = [];
  readonly #rules: ImportedRule[] = [];
  readonly #queries: (readonly [name: string, query: string])[] = [];
  #foreign = false;

  constructor(recordings: ReadonlyMap<string, string>, say: Say) {
    this.#recordings = recordings;
    this.#say = say;
  }

  add(rule: AlertRule): void {
    const parsed = parsePromql(rule.expr);
    const found: Recognised = parsed.ok ? recognise(inlined(parsed.expr, this.#recordings)) : { ok: false, why: 'syntax', polled: null };
    const { became, triggers, why, notes } = found.ok ? this.#recognised(rule, found.shapes) : this.#offered(rule, found);
    this.#blocks.push(block(rule, triggers, [...(why === null ? [] : [why]), ...notes].map(this.#say)));
    this.#rules.push({ rule: rule.name, group: rule.group, line: rule.line, became, triggers: triggers.map(({ id }) => id), why, notes });
  }

  done(): Imported {
    return { fragment: fragment({ blocks: this.#blocks, queries: this.#queries, foreign: this.#foreign }), rules: this.#rules };
  }

  #recognised(rule: AlertRule, shapes: Extract<Recognised, { ok: true }>['shapes']): Outcome {
    const triggers = shapes.map((shape) => triggerOf(this.#idOf(rule.name), shape, rule));
    const cut = shapes.some(({ by }) => by !== null && by !== 'org') ? (['not-org'] as const) : [];
    return { became: 'trigger', triggers, why: null, notes: [...new Set([...shapes.flatMap((one) => one.notes), ...cut])] };
  }

  #offered(rule: AlertRule, { why, polled }: Extract<Recognised, { ok: false }>): Outcome {
    const id = this.#idOf(rule.name);
    if (polled === null) {
      this.#foreign = true;
      return { became: 'foreign', triggers: [foreignTrigger(id, rule)], why, notes: [] };
    }
    const name = id.replaceAll('-', '_');
    const source = sourceAt(this.#queries.length);
    this.#queries.push([name, polled.query]);
    const { query: _, by, ...limit } = polled;
    const triggers = [polledTrigger(id, { name, source, by, limit }, rule)];
    return { became: 'polled', triggers, why, notes: by !== null && by !== 'org' ? ['not-org'] : [] };
  }

  /** `HighErrorRate` becomes `high-error-rate`; a second one `high-error-rate-2`. */
  #idOf(name: string): string {
    const words = name
      .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
      .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '')
      .slice(0, 60)
      .replace(/-+$/, '');
    const base = words === '' ? 'rule' : words;
    let id = base;
    for (let count = 2; this.#ids.has(id); count += 1) id = `${base}-${count}`;
    this.#ids.add(id);
    return id;
  }
}

interface Outcome {
  readonly became: ImportedRule['became'];
  readonly triggers: readonly Written[];
  readonly why: RuleDoubt | null;
  readonly notes: readonly RuleNote[];
}
