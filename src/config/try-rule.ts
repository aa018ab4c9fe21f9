// A trigger with one figure of its rule replaced by what somebody wants to try: the words are those of belay.yaml. It writes no file.
import type { TriggerRule } from '../domain/trigger.ts';
import { parseDuration } from '../domain/units.ts';
import { parseLimit } from './triggers.ts';

/** What can be tried: the limit, the window, and how long it must hold. */
export const SETTABLE = ['above', 'below', 'over', 'still', 'for'] as const;
export type Settable = (typeof SETTABLE)[number];

export type TriedRule =
  | { readonly ok: true; readonly rule: TriggerRule }
  | { readonly ok: false; readonly why: 'no-breach' | 'no-such-figure' | 'unreadable' };

const STILL_IN_WINDOW = 12;

/** @example tryRule(rule, 'above', '3%') */
export function tryRule(rule: TriggerRule, name: string, written: string): TriedRule {
  const { breach } = rule;
  if (breach === undefined) return { ok: false, why: 'no-breach' };
  if (!(SETTABLE as readonly string[]).includes(name)) return { ok: false, why: 'no-such-figure' };
  const parsed = name === 'above' || name === 'below' ? parseLimit(written) : parseDuration(written);
  if (!parsed.ok || (name === 'over' && parsed.value === 0)) return { ok: false, why: 'unreadable' };
  if (name === 'above' || name === 'below') {
    if (breach.vs !== undefined) return changed(rule, { ...breach, vs: { ...breach.vs, times: parsed.value } });
    const { above: _above, below: _below, ...rest } = breach;
    return changed(rule, { ...rest, [name]: parsed.value });
  }
  if (name !== 'over') return changed(rule, { ...breach, [name === 'still' ? 'stillMs' : 'forMs']: parsed.value });
  const over = changed(rule, { ...breach, overMs: parsed.value, stillMs: parsed.value / STILL_IN_WINDOW });
  return { ok: true, rule: { ...over.rule, rearmMs: parsed.value } };
}

const changed = (rule: TriggerRule, breach: NonNullable<TriggerRule['breach']>): { readonly ok: true; readonly rule: TriggerRule } => ({
  ok: true,
  rule: { ...rule, breach },
});
