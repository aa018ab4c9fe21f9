// Reads a metrics page: Prometheus text 0.0.4 and OpenMetrics 1.0. A page is taken whole or not at all.
// It knows the format and nothing of where the page came from.

export interface ExposedSample {
  readonly name: string;
  /** The same object for the same series of the next page. */
  readonly labels: Readonly<Record<string, string>>;
  readonly cumulative: boolean;
  readonly value: number;
  /** Milliseconds, where the page says it. */
  readonly timestampMs: number | null;
}

export class ExpositionError extends Error {
  override readonly name = 'ExpositionError';
}

interface KnownSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const FAMILY_END = /_(?:total|bucket|count|sum|created)$/;
const COUNTED = /_(?:total|bucket|count|sum)$/;

/** Remembers the series of the last page, so that the next page costs little more than its numbers. */
export class Exposition {
  #known = new Map<string, KnownSeries>();

  /** @throws ExpositionError naming the line. */
  parse(text: string, o: { readonly openMetrics: boolean }): readonly ExposedSample[] {
    const page = new Page(text, o.openMetrics, this.#known);
    const samples = page.read();
    if (this.#known.size > 2 * samples.length + 100) this.#known = new Map();
    return samples;
  }
}

class Page {
  readonly #text: string;
  readonly #openMetrics: boolean;
  readonly #known: Map<string, KnownSeries>;
  readonly #types = new Map<string, string>();
  readonly #cumulative = new Map<string, boolean>();
  #line = 0;

  constructor(text: string, openMetrics: boolean, known: Map<string, KnownSeries>) {
    this.#text = text;
    this.#openMetrics = openMetrics;
    this.#known = known;
  }

  read(): readonly ExposedSample[] {
    const samples: ExposedSample[] = [];
    let ended = false;
    for (let from = 0; from < this.#text.length; ) {
      let to = this.#text.indexOf('\n', from);
      if (to === -1) {
        // Without its last line end a page may have been cut off in the middle of a number.
        if (!(this.#openMetrics && this.#text.slice(from) === '# EOF')) throw this.#wrong('the page ends in the middle of a line');
        to = this.#text.length;
      }
      this.#line += 1;
      const line = this.#text.slice(from, this.#text.charCodeAt(to - 1) === 13 && to > from ? to - 1 : to);
      from = to + 1;
      if (ended) throw this.#wrong('text after # EOF');
      if (line.startsWith('#')) ended = this.#comment(line);
      else if (line.trim() !== '') this.#sample(line, samples);
    }
    if (this.#openMetrics && !ended) throw this.#wrong('the page has no # EOF: it was cut off');
    return samples;
  }

  #comment(line: string): boolean {
    if (this.#openMetrics && line === '# EOF') return true;
    const [, word, family, type] = line.split(/[ \t]+/, 4);
    if (word === 'TYPE' && family !== undefined && type !== undefined) this.#types.set(family, type);
    return false;
  }

  #sample(line: string, samples: ExposedSample[]): void {
    const start = line.length - line.trimStart().length;
    const end = this.#seriesEnd(line, start);
    const text = line.slice(start, end);
    const known = this.#known.get(text) ?? this.#learn(text);
    const rest = line.slice(end);
    const exemplar = this.#openMetrics ? rest.indexOf(' #') : -1;
    const parts = (exemplar === -1 ? rest : rest.slice(0, exemplar)).trim().split(/[ \t]+/);
    if (parts.length > 2) throw this.#wrong(`more than a value and a time: ${rest.trim()}`);
    if (this.#openMetrics && known.name.endsWith('_created')) return;
    samples.push({
      name: known.name,
      labels: known.labels,
      cumulative: this.#isCumulative(known.name, known.labels),
      value: this.#number(parts[0] ?? ''),
      timestampMs: parts[1] === undefined ? null : this.#time(parts[1]),
    });
  }

  /** Where the name and its labels end: braces and spaces inside quotes do not count. */
  #seriesEnd(line: string, start: number): number {
    let quoted = false;
    let braced = false;
    for (let i = start; i < line.length; i += 1) {
      const code = line.charCodeAt(i);
      if (quoted) {
        if (code === 92) i += 1;
        else if (code === 34) quoted = false;
      } else if (code === 34) quoted = true;
      else if (code === 123) braced = true;
      else if (code === 125) return i + 1;
      else if (!braced && (code === 32 || code === 9)) {
        // A space may stand between the name and its labels.
        const next = line.slice(i).search(/[^ \t]/);
        if (next === -1 || line[i + next] !== '{') return i;
        i += next - 1;
      }
    }
    throw this.#wrong(braced ? 'labels without their closing brace' : 'a name without a value');
  }

  #learn(text: string): KnownSeries {
    const brace = text.indexOf('{');
    const name = (brace === -1 ? text : text.slice(0, brace)).trim();
    if (!NAME.test(name)) throw this.#wrong(`not a metric name: ${name.slice(0, 80)}`);
    const series = { name, labels: brace === -1 ? {} : this.#labels(text.slice(brace + 1, -1)) };
    this.#known.set(text, series);
    return series;
  }

  #labels(text: string): Readonly<Record<string, string>> {
    const labels: Record<string, string> = Object.create(null) as Record<string, string>;
    const pair = /[ \t]*([^=,"{} \t]+)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,|$)/gsuy;
    while (pair.lastIndex < text.length) {
      if (text.slice(pair.lastIndex).trim() === '') break;
      const at = pair.lastIndex;
      const match = pair.exec(text);
      if (match === null) throw this.#wrong(`not a label: ${text.slice(at, at + 80)}`);
      const [, label = '', value = ''] = match;
      if (!LABEL.test(label)) throw this.#wrong(`not a label name: ${label.slice(0, 80)}`);
      if (label in labels) throw this.#wrong(`label ${label} stands twice`);
      labels[label] = value.includes('\\') ? value.replace(/\\(.)/gsu, (_all, char: string) => (char === 'n' ? '\n' : char)) : value;
    }
    return labels;
  }

  #number(text: string): number {
    if (text === 'NaN') return Number.NaN;
    if (/^[+-]?Inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
    if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) throw this.#wrong(`not a number: ${text.slice(0, 80)}`);
    return Number(text);
  }

  #time(text: string): number {
    const value = this.#number(text);
    if (!Number.isFinite(value)) throw this.#wrong(`not a time: ${text}`);
    return Math.round(this.#openMetrics ? value * 1_000 : value);
  }

  #isCumulative(name: string, labels: Readonly<Record<string, string>>): boolean {
    let answer = this.#cumulative.get(name);
    if (answer === undefined) {
      const type = this.#types.get(name) ?? this.#types.get(name.replace(FAMILY_END, ''));
      if (type === 'counter') answer = true;
      else if (type === 'histogram' || type === 'summary' || type === undefined || type === 'untyped' || type === 'unknown')
        answer = COUNTED.test(name);
      else answer = false;
      this.#cumulative.set(name, answer);
    }
    return answer && labels['quantile'] === undefined;
  }

  #wrong(what: string): ExpositionError {
    return new ExpositionError(`line ${this.#line}: ${what}`);
  }
}
