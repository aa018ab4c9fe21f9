// What a probe may look at, as people write it, and what a condition on an answer may name. It reaches nothing.
import type { ExprType } from './catalog.ts';

export type ProbePoint =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'tcp' | 'tls'; readonly host: string; readonly port: number }
  | { readonly kind: 'dns'; readonly name: string };

export const POINT_FORM = 'http://…, https://…, tcp://host:port, tls://host:port or dns://name';

/** Names and types of `expect`. */
export const ANSWER_NAMES = {
  status: 'int',
  body: 'string',
  json: 'any',
  latencyMs: 'double',
} as const satisfies Readonly<Record<string, ExprType>>;

/** @example parsePoint('tls://shop.example:443') // { kind: 'tls', host: 'shop.example', port: 443 } */
export function parsePoint(text: string): ProbePoint | null {
  if (/^https?:\/\/[^\s/]+/.test(text)) return { kind: 'http', url: text };
  const [, kind, host, digits] = /^(tcp|tls):\/\/([\w.-]{1,253}|\[[\da-fA-F:.]{2,45}\]):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host !== undefined) return port >= 1 && port <= 65_535 ? { kind: kind as 'tcp' | 'tls', host, port } : null;
  const [, name] = /^dns:\/\/([\w.-]{1,253})$/.exec(text) ?? [];
  // An address resolves to itself: nothing would be probed.
  return name === undefined || /^[\d.]+$/.test(name) ? null : { kind: 'dns', name };
}
