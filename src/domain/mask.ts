// Secrets in a text that a stranger wrote, hidden by the words that stand before them and by their own shapes. It takes time in proportion to
// the length of the text, whatever stands in it; it knows no format, so it rather hides too much.

const HIDDEN = '•••';
/** As keys of JSON (also of JSON within JSON), headers, forms, XML, options of commands, and text. */
const WORD =
  /passw|passphrase|passcode|pwd|senha|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization|cookie|signature|credential|session[_-]?id|jwt|(?:^|[_.-])(?:pass|auth)$/i;
const CAMEL = /[a-z](?:Pass|Auth)$/;
/** All of the line is their value. */
const HEADER = /authorization|cookie/i;
const LONGEST_KEY = 200;
const RUN = /[\w.-]+/g;
const QUOTE = String.raw`(?:\\*["']|%2[27])`;
const BETWEEN: readonly RegExp[] = [
  // "key": value, key=value, and key => value
  new RegExp(String.raw`${QUOTE}?\s*(?:=>|:=|[=:]|%3[AaDd])\s*`, 'y'),
  // {"name":"key","value": value}
  new RegExp(String.raw`${QUOTE}\s*,\s*${QUOTE}val(?:ue)?${QUOTE}\s*:\s*`, 'y'),
];
/** ["key", value] */
const PAIR = new RegExp(String.raw`${QUOTE}\s*,\s*(?=\\*["'])`, 'y');
const COLON = /\s*:/y;
const TAG = /[^<>\n]{0,200}>/y;
const GAP = /\s+/y;
const OPEN = new RegExp(QUOTE, 'y');
const SCHEME = /(?:bearer|basic|digest|token|negotiate|apikey)[ \t]+/iy;
const BARE = /[^\s&;,"'}\]<>\\]+/y;
const LINE = /[^\n]+/y;

const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, HIDDEN],
  [/\b(?:sk|pk|rk|ghp|gho|ghs|xox[abprs]|whsec|AKIA|glpat|SG)[-_A-Za-z0-9.]{12,}/g, HIDDEN],
  [/(:\/\/[^\s/:@"]{0,100}:)[^\s/@"]{1,200}@/g, `$1${HIDDEN}@`],
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g, HIDDEN],
];

/** `known` are secrets that belay.yaml names: they are masked wherever they stand. */
export function masked(text: string, known: readonly string[] = []): string {
  const named = known.filter((secret) => secret.length >= 4).reduce((kept, secret) => kept.replaceAll(secret, HIDDEN), text);
  return withoutNamed(SHAPES.reduce((kept, [shape, instead]) => kept.replaceAll(shape, instead), named));
}

/** Values that stand behind a word that says what they are. */
function withoutNamed(text: string): string {
  const parts: string[] = [];
  let from = 0;
  RUN.lastIndex = 0;
  for (let run = RUN.exec(text); run !== null; run = RUN.exec(text)) {
    const key = run[0].slice(-LONGEST_KEY);
    if (!WORD.test(key) && !CAMEL.test(key)) continue;
    const keyTo = run.index + run[0].length;
    const begin = valueBehind(text, run.index, keyTo);
    if (begin === null) continue;
    const { end, shown } = valueAt(text, begin, { isHeader: HEADER.test(key), isJson: text[keyTo] === '"' });
    if (end === begin) continue;
    parts.push(text.slice(from, begin), shown);
    from = end;
    RUN.lastIndex = end;
  }
  return parts.join('') + text.slice(from);
}

/** Where the value of a key begins; null: nothing is given to it. */
function valueBehind(text: string, keyFrom: number, keyTo: number): number | null {
  for (const between of BETWEEN) {
    const end = stickyEnd(between, text, keyTo);
    if (end !== null) return end;
  }
  const second = stickyEnd(PAIR, text, keyTo);
  if (second !== null && !isKeyAt(text, second)) return second;
  if (text[keyFrom - 1] === '<') return stickyEnd(TAG, text, keyTo);
  return text.startsWith('--', keyFrom) ? stickyEnd(GAP, text, keyTo) : null;
}

/** {"type":"token","password": value}: the second text is no value. */
function isKeyAt(text: string, at: number): boolean {
  const quoted = stickyEnd(OPEN, text, at) ?? at;
  return stickyEnd(COLON, text, closing(text, quoted, text.slice(at, quoted))) !== null;
}

interface Value {
  readonly end: number;
  /** Instead of it. */
  readonly shown: string;
}

function valueAt(text: string, begin: number, { isHeader, isJson }: { readonly isHeader: boolean; readonly isJson: boolean }): Value {
  const quoted = stickyEnd(OPEN, text, begin);
  if (quoted !== null) {
    const quote = text.slice(begin, quoted);
    return { end: closing(text, quoted, quote), shown: `${quote}${HIDDEN}${quote}` };
  }
  const first = text[begin] ?? '';
  if (first === '{' || first === '[') return { end: bracketEnd(text, begin), shown: `"${HIDDEN}"` };
  if (isHeader) return { end: stickyEnd(LINE, text, begin) ?? begin, shown: HIDDEN };
  const bare = stickyEnd(BARE, text, stickyEnd(SCHEME, text, begin) ?? begin);
  // A bare value of JSON, a number or a word, stays JSON.
  return { end: bare ?? begin, shown: isJson ? `"${HIDDEN}"` : HIDDEN };
}

/** Behind the quote that ends what `quote` began, with no more backslashes than it; the end of the text where there is none. */
function closing(text: string, from: number, quote: string): number {
  if (quote.startsWith('%')) {
    const end = text.indexOf(quote, from);
    return end === -1 ? text.length : end + quote.length;
  }
  const mark = quote.at(-1) ?? '"';
  const own = quote.length - 1;
  for (let at = text.indexOf(mark, from); at !== -1; at = text.indexOf(mark, at + 1)) {
    let before = 0;
    while (at - before > from && text[at - before - 1] === '\\') before += 1;
    if (own === 0 ? before % 2 === 0 : before <= own) return at + 1;
  }
  return text.length;
}

/** Behind the bracket that ends a list or a mapping, whatever its texts hold; the end of the text where there is none. */
function bracketEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const one = text[at];
    if (one === '"') at = closing(text, at + 1, '"') - 1;
    else if (one === '{' || one === '[') depth += 1;
    else if (one === '}' || one === ']') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

function stickyEnd(shape: RegExp, text: string, at: number): number | null {
  shape.lastIndex = at;
  return shape.test(text) ? shape.lastIndex : null;
}
