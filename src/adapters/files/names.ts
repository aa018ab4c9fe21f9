// Which names of files are meant, and what their parts are called: `*`, `?` and `{label}`. It opens nothing.
import { BelayError } from '../../domain/errors.ts';

export interface Names {
  readonly labels: readonly string[];
  /** What stands at each label; null when the name is not meant. */
  match(name: string): Readonly<Record<string, string>> | null;
}

const MOST_WILD = 8;
const LABEL = /^[a-zA-Z_]\w{0,63}$/;

type Piece = { readonly text: string } | { readonly wild: string };

/** @throws BELAY_CONFIG_INVALID */
export function namesOf(source: string, pattern: string): Names {
  const wrong = (what: string): BelayError =>
    new BelayError('BELAY_CONFIG_INVALID', `source ${source}: match: ${what}`, { hint: 'Write it as match: "shop-{org}-*.dump".' });
  if (pattern === '' || pattern.includes('/')) throw wrong('it is the name of a file, without a folder');
  const pieces = piecesOf(pattern);
  const labels = pieces.flatMap((one) => ('wild' in one && one.wild !== '*' && one.wild !== '?' ? [one.wild] : []));
  const bad = labels.find((one) => !LABEL.test(one));
  if (bad !== undefined) throw wrong(`{${bad}} cannot be a label: letters, digits and _, and no digit first`);
  if (new Set(labels).size < labels.length) throw wrong('a label stands in it twice');
  if (pieces.filter((one) => 'wild' in one).length > MOST_WILD) throw wrong(`at most ${MOST_WILD} of * ? and {label} are possible`);
  return { labels, match: (name) => matched(pieces, name) };
}

function piecesOf(pattern: string): readonly Piece[] {
  return pattern
    .split(/(\*|\?|\{[^{}]*\})/)
    .filter((one) => one !== '')
    .map((one): Piece => (one === '*' || one === '?' ? { wild: one } : /^\{.*\}$/.test(one) ? { wild: one.slice(1, -1) } : { text: one }));
}

/** For each piece the places where it may begin: no name takes longer than its length times its length for a piece. */
function matched(pieces: readonly Piece[], name: string): Readonly<Record<string, string>> | null {
  const from: Map<number, number>[] = [new Map([[0, -1]])];
  for (const piece of pieces) {
    const next = new Map<number, number>();
    for (const at of (from.at(-1) as Map<number, number>).keys())
      for (const end of endsOf(piece, name, at)) if (!next.has(end)) next.set(end, at);
    if (next.size === 0) return null;
    from.push(next);
  }
  if (!from.at(-1)?.has(name.length)) return null;
  const labels: Record<string, string> = {};
  for (let index = pieces.length - 1, end = name.length; index >= 0; index -= 1) {
    const begin = from[index + 1]?.get(end) ?? 0;
    const piece = pieces[index];
    if (piece !== undefined && 'wild' in piece && piece.wild !== '*' && piece.wild !== '?') labels[piece.wild] = name.slice(begin, end);
    end = begin;
  }
  return labels;
}

function endsOf(piece: Piece, name: string, at: number): readonly number[] {
  if ('text' in piece) return name.startsWith(piece.text, at) ? [at + piece.text.length] : [];
  if (piece.wild === '?') return at < name.length ? [at + 1] : [];
  // A label is never empty.
  const least = piece.wild === '*' ? at : at + 1;
  return Array.from({ length: Math.max(0, name.length - least + 1) }, (_, n) => least + n);
}
