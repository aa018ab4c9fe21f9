// Values of feature flags and of settings: which of them are secret, what "on" means, and how they are shown. It reads and writes none.
import type { Json } from './json.ts';

export type SettingValue = string | number | boolean;

/** Pairs of words that files write for yes and no. */
const PAIRS: readonly (readonly [on: string, off: string])[] = [
  ['true', 'false'],
  ['on', 'off'],
  ['yes', 'no'],
  ['1', '0'],
  ['enabled', 'disabled'],
];

/** Null: neither. */
export function isOn(value: SettingValue | null): boolean | null {
  if (typeof value === 'boolean') return value;
  if (value === null) return null;
  const word = String(value).toLowerCase();
  const pair = PAIRS.find((one) => one.includes(word));
  return pair === undefined ? null : pair[0] === word;
}

/** Two ways of saying the same: `false`, `off` and "0". */
export function saysTheSame(one: SettingValue | null, other: SettingValue | null): boolean {
  if (one === other) return true;
  const [a, b] = [isOn(one), isOn(other)];
  return a !== null && a === b;
}

/**
 * What `to` is in the words of what is there: `false` where a file says "on" is "off". Null: it is of another kind, and writing it would
 * change what the value is.
 */
export function meantBy(to: SettingValue, current: SettingValue | null): SettingValue | null {
  if (current === null || typeof current === typeof to) return typeof to === 'string' ? wordLike(to, current) : to;
  const on = isOn(to);
  if (typeof current === 'boolean') return on;
  if (typeof current === 'number') return typeof to === 'boolean' && (current === 0 || current === 1) ? Number(to) : null;
  return wordLike(String(to), current);
}

function wordLike(to: string, current: SettingValue | null): string {
  const on = isOn(to);
  if (on === null || typeof current !== 'string') return to;
  const pair = PAIRS.find((one) => one.includes(current.toLowerCase()));
  const word = pair?.[on ? 0 : 1];
  if (word === undefined) return to;
  return current === current.toUpperCase() && current !== current.toLowerCase() ? word.toUpperCase() : word;
}

const SECRET =
  /passw|passphrase|passcode|pwd|senha|secret|token|(?:^|_)key(?:$|_)|api_?key|credential|private|cookie|signature|salt|jwt|(?:^|_)(?:pass|auth|dsn)(?:$|_)|(?:database|redis|mongo\w*|postgres\w*|mysql|amqp|broker|db)_?ur[li]/i;

export interface Secrecy {
  /** Keys that are secret although they do not look it. */
  readonly secret: readonly string[];
  /** Keys that may be shown although they look secret. */
  readonly shown: readonly string[];
}

export function isSecretKey(key: string, { secret, shown }: Secrecy): boolean {
  const snake = key.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll(/[.-]/g, '_');
  return secret.includes(key) || (!shown.includes(key) && SECRET.test(snake));
}

/** What people see of a value: a secret is only there or not, with a mark by which two can be told apart. */
export function shownValue(value: SettingValue | null, secret: { readonly mark: string } | null): Json {
  if (value === null || secret === null) return value;
  return `secret ${secret.mark.slice(0, 8)}`;
}

/** What lowers the security of the service while it is set. */
export const DANGEROUS_SETTINGS: readonly string[] = [
  'ENABLE_TEST_BYPASS',
  'DISABLE_AUTH',
  'SKIP_AUTH',
  'AUTH_DISABLED',
  'BYPASS_AUTH',
  'DISABLE_CSRF',
  'DISABLE_RATE_LIMIT',
  'SKIP_SIGNATURE_CHECK',
  'DISABLE_WEBHOOK_VERIFICATION',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'DEBUG_AUTH',
];

/** Does setting it lower the security? Off it is what it always was. */
export function isDangerous(key: string, value: SettingValue, named: readonly string[]): boolean {
  const wanted = [...DANGEROUS_SETTINGS, ...named].some((one) => one.toUpperCase() === key.toUpperCase());
  const protects = key.toUpperCase() === 'NODE_TLS_REJECT_UNAUTHORIZED';
  return wanted && isOn(value) !== protects;
}
