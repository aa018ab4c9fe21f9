// Figures and facts in single lines of a document: limits, windows, time spans, dates, versions, roles. Patterns in English and Portuguese.

const UNIT_MS: readonly (readonly [RegExp, number])[] = [
  [/^(?:ms|milissegundos?|milliseconds?)$/i, 1],
  [/^(?:s|seg|segs|segundos?|secs?|seconds?)$/i, 1_000],
  [/^(?:m|min|mins|minutos?|minutes?)$/i, 60_000],
  [/^(?:h|hs|hr|hrs|horas?|hours?)$/i, 3_600_000],
  [/^(?:d|dias?|days?)$/i, 86_400_000],
  [/^(?:sem|semanas?|weeks?|w)$/i, 604_800_000],
];
const UNIT =
  'milissegundos?|milliseconds?|ms|segundos?|seconds?|segs?|secs?|minutos?|minutes?|mins?|horas?|hours?|hrs?|hs|dias?|days?|semanas?|weeks?|s|m|h|d|w';
const SPAN = new RegExp(`(\\d+(?:[.,]\\d+)?)\\s?(${UNIT})(?![\\p{L}\\d])`, 'iu');
const RANGE = new RegExp(`(\\d+)\\s?(?:-|–|a|to)\\s?(\\d+)\\s?(${UNIT})(?![\\p{L}\\d])`, 'iu');

function unitMs(word: string): number {
  return UNIT_MS.find(([pattern]) => pattern.test(word))?.[1] ?? 0;
}

/** The first span of time in a text; of a range the longer. */
export function spanIn(text: string): number | null {
  const range = RANGE.exec(text);
  if (range !== null) return Number(range[2]) * unitMs(range[3] ?? '');
  const [, digits, unit] = SPAN.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return null;
  const ms = Number(digits.replace(',', '.')) * unitMs(unit);
  return Number.isSafeInteger(ms) && ms > 0 ? ms : null;
}

export interface Limit {
  readonly side: 'above' | 'below';
  /** As belay.yaml writes it: `5%`, `500ms`, `10/min`, `6`. */
  readonly value: string;
  readonly isShare: boolean;
  readonly windowMs: number | null;
  readonly holds: boolean;
}

const ABOVE =
  /(?:>|≥|>=|acima de|mais de|maior(?:es)? (?:que|do que)|passa(?:r|rem|m)? de|ultrapass\w+|excede\w*|above|over|more than|exceeds?|greater than)\s*(?:de\s+)?/i;
const BELOW = /(?:<|≤|<=|abaixo de|menos de|menor(?:es)? (?:que|do que)|below|under|less than|fewer than)\s*/i;
const FIGURE = new RegExp(
  `^(\\d+(?:[.,]\\d+)?)\\s?(%|por cento|(?:erros?|errors?|eventos?|requests?)?\\s?(?:/|por |per )\\s?(?:min\\w*|s\\b|seg\\w*|sec\\w*|h\\w*)|(?:${UNIT})(?![\\p{L}\\d]))?`,
  'iu',
);

/** "> 2 % por 15 minutos": a limit with its window. */
export function limitIn(text: string): Limit | null {
  for (const [side, pattern] of [
    ['above', ABOVE],
    ['below', BELOW],
  ] as const) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const rest = text.slice(match.index + match[0].length);
    const [figure, digits, unit = ''] = FIGURE.exec(rest) ?? [];
    if (figure === undefined || digits === undefined) continue;
    const after = rest.slice(figure.length);
    const holds = /^\W*(?:por|for|durante)\b/i.test(after);
    return { side, value: writtenFigure(digits.replace(',', '.'), unit), isShare: /%|cento/.test(unit), windowMs: spanIn(after), holds };
  }
  return null;
}

function writtenFigure(digits: string, unit: string): string {
  if (/%|cento/.test(unit)) return `${digits}%`;
  const [, per] = /(?:\/|por |per )\s?(\w)/i.exec(unit) ?? [];
  if (per !== undefined) return `${digits}/${per.toLowerCase() === 'm' ? 'min' : per.toLowerCase()}`;
  const ms = unit === '' ? 0 : unitMs(unit);
  if (ms === 0) return digits;
  return `${Number(digits) * ms >= 1_000 && (Number(digits) * ms) % 1_000 === 0 ? `${(Number(digits) * ms) / 1_000}s` : `${Number(digits) * ms}ms`}`;
}

export interface DocumentFact {
  readonly key: 'version' | 'created' | 'reviewed' | 'reviewBy' | 'owner' | 'visibility' | 'nextDrill';
  readonly value: string;
}

const FACTS: readonly (readonly [DocumentFact['key'], RegExp])[] = [
  ['reviewBy', /pr[óo]xima (?:revis[ãa]o|atualiza[çc][ãa]o do documento)|next review|review (?:by|due)|revisar at[ée]/i],
  ['nextDrill', /pr[óo]xim[oa] (?:dr )?(?:drill|simula\w+|exerc[íi]cio)|next (?:dr )?drill/i],
  ['reviewed', /[úu]ltima (?:atualiza[çc][ãa]o|revis[ãa]o)|last (?:updated|reviewed|review)|atualizado em|revisado em/i],
  ['created', /criad[oa] em|created(?: on)?|^\W*(?:data|date)\W/i],
];
const DAY = /\b(\d{4})-(\d\d)-(\d\d)\b|\b(\d{1,2})\/(\d{1,2})\/(\d{4})\b/;

/** What a line says of the document itself. */
export function documentFacts(line: string): readonly DocumentFact[] {
  const said = line.replace(/[*_>]+/g, '').trim();
  const found: DocumentFact[] = [];
  const day = dayIn(said);
  const dated = day === null ? undefined : FACTS.find(([, pattern]) => pattern.test(said));
  if (dated !== undefined && day !== null) found.push({ key: dated[0], value: day });
  const [, version] = /^(?:vers[ãa]o|version)\s*:?\s*v?(\d[\w.-]*(?:\s*\([^()]{1,40}\))?)/i.exec(said) ?? [];
  if (version !== undefined) found.push({ key: 'version', value: version });
  const [, owner] = /^(?:respons[áa]vel(?: pelo documento)?|owner|dono|mantid[oa] por|maintained by)\s*:\s*(.{2,80})$/i.exec(said) ?? [];
  if (owner !== undefined) found.push({ key: 'owner', value: owner.trim() });
  if (/confidencial|confidential|uso interno|internal use|internal only|somente interno/i.test(said))
    found.push({ key: 'visibility', value: 'internal' });
  return found;
}

function dayIn(text: string): string | null {
  const [, year, month, day, dd, mm, yyyy] = DAY.exec(text) ?? [];
  const written = year === undefined ? `${yyyy}-${(mm ?? '').padStart(2, '0')}-${(dd ?? '').padStart(2, '0')}` : `${year}-${month}-${day}`;
  const date = new Date(`${written}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(written) ? written : null;
}

/** `v2.0` in a title. */
export function versionIn(title: string): string | null {
  return /\bv(\d+(?:\.\d+){0,3}(?:-[\w.]+)?)\b/.exec(title)?.[1] ?? null;
}

/** Whether a span is a deadline: "até 30 min", "(10 min)", "within 2 hours". */
export function deadlineIn(text: string): number | null {
  const matched =
    /(?:at[ée]|em at[ée]|dentro de|no m[áa]ximo|within|in at most|by)\s+(\d[^,;.]*)|\((?:m[áa]x\.?\s*)?(\d+\s?\w+)\)|<\s?(\d[^,;.]*)/i.exec(
      text,
    );
  const said = matched?.[1] ?? matched?.[2] ?? matched?.[3];
  return said === undefined ? null : spanIn(said);
}
