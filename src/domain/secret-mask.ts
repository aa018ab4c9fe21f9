// Known secrets in a text that comes in pieces, hidden in the forms in which programs write them, wherever the pieces are cut. It knows no
// shapes and no words before secrets: that is `mask.ts`.
const HIDDEN = '•••';
/** A shorter one would hide half of every text. */
export const SHORTEST_SECRET = 4;
const BASE64_SHORTEST = 6;

export interface SecretMask {
  /** What may be shown by now: the end of it is kept back while it may be the beginning of a secret. */
  push(piece: string): string;
  end(): string;
}

export function secretMask(secrets: readonly string[]): SecretMask {
  const forms = [...new Set(secrets.filter((one) => one.length >= SHORTEST_SECRET).flatMap(formsOf))];
  let kept = '';
  return {
    push: (piece) => {
      const text = kept + piece;
      const found = spansIn(text, forms);
      let cut = text.length - longestBeginning(text, forms);
      // What reaches over the cut is hidden as a whole, later.
      for (const [from, to] of found.toReversed()) if (from < cut && to > cut) cut = from;
      kept = text.slice(cut);
      return hide(text.slice(0, cut), found);
    },
    end: () => {
      const rest = hide(kept, spansIn(kept, forms));
      kept = '';
      return rest;
    },
  };
}

export function withoutKnownSecrets(text: string, secrets: readonly string[]): string {
  const mask = secretMask(secrets);
  return mask.push(text) + mask.end();
}

type Span = readonly [from: number, to: number];

/** All places, joined where they touch, in order. */
function spansIn(text: string, forms: readonly string[]): readonly Span[] {
  const all: Span[] = [];
  for (const form of forms) for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) all.push([at, at + form.length]);
  const joined: [number, number][] = [];
  for (const [from, to] of all.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

function hide(text: string, spans: readonly Span[]): string {
  let shown = '';
  let at = 0;
  for (const [from, to] of spans) {
    if (from >= text.length) break;
    shown += text.slice(at, from) + HIDDEN;
    at = to;
  }
  return shown + text.slice(at);
}

/** How much of the end of a text may be the beginning of one of them. */
function longestBeginning(text: string, forms: readonly string[]): number {
  let longest = 0;
  for (const form of forms)
    for (let size = Math.min(form.length - 1, text.length); size > longest; size -= 1)
      if (text.endsWith(form.slice(0, size))) longest = size;
  return longest;
}

function formsOf(secret: string): readonly string[] {
  const bytes = new TextEncoder().encode(secret);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const json = JSON.stringify(secret).slice(1, -1);
  const ascii = json.replaceAll(/[\u0080-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return [secret, json, ascii, hex, hex.toUpperCase(), ...percentForms(secret), ...base64Forms(bytes)];
}

function percentForms(secret: string): readonly string[] {
  // Halves of characters cannot be written so.
  const whole = secret.replaceAll(/\p{Cs}/gu, '\uFFFD');
  const upper = encodeURIComponent(whole);
  const strict = upper.replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  return [upper, strict, strict.replaceAll('%20', '+')].flatMap((one) => [
    one,
    one.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ]);
}

/** Also within a longer text that was encoded: at each of the three ways in which its bytes may fall. */
function base64Forms(bytes: Uint8Array): readonly string[] {
  const inner = [0, 1, 2].map((shift) => {
    const padded = btoa(String.fromCharCode(...new Uint8Array(shift), ...bytes));
    const first = Math.ceil((shift * 8) / 6);
    const last = Math.floor(((shift + bytes.length) * 8) / 6);
    // Also to its end: what follows is then not of another text.
    return [padded.slice(first, last), padded.slice(first).replace(/=+$/, ''), padded.slice(first)];
  });
  return inner
    .flat()
    .filter((one) => one.length >= BASE64_SHORTEST)
    .flatMap((one) => [one, one.replaceAll('+', '-').replaceAll('/', '_')]);
}
