// What a command printed, as it may be kept: without the values that it was given in any form that programs print, and of bounded length.
// It knows no process.
import { masked } from '../../domain/mask.ts';

const LONGEST = 8_000;
/** Shorter values would hide half of every text; the policy is for secrets, and secrets are longer. */
const SHORTEST_SECRET = 4;

export function withoutValues(printed: string, secrets: readonly string[]): string {
  const forms = [...new Set(secrets.filter((one) => one.length >= SHORTEST_SECRET).flatMap(formsOf))];
  return masked(
    printed,
    forms.toSorted((a, b) => b.length - a.length),
  ).trimEnd();
}

/** What is longer loses its middle. */
export function cutText(text: string): string {
  if (text.length <= LONGEST) return text;
  const half = LONGEST / 2;
  return `${text.slice(0, half)}\n[${text.length - LONGEST} characters left out]\n${text.slice(-half)}`;
}

/** As it is, and as programs print it: in base64, in an address, in JSON, in hexadecimal digits. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const json = JSON.stringify(secret).slice(1, -1);
  const hex = bytes.toString('hex');
  const base64 = bytes.toString('base64');
  const forms = [
    secret,
    base64,
    base64.replace(/=+$/, ''),
    bytes.toString('base64url'),
    encodeURIComponent(secret),
    json,
    hex,
    hex.toUpperCase(),
  ];
  return forms.filter((one) => one.length >= SHORTEST_SECRET);
}
