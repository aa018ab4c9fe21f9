// Parts that end with the life that uses them: what was asked of them may still happen, but nobody hears of it any more. It knows no part.
import type { KillSwitch } from './kill-switch.ts';

/** Whatever the part promises is heard by the living alone. */
export function mortal<T extends object>(part: T, kill: KillSwitch): T {
  const heard = async (work: Promise<unknown>): Promise<unknown> => {
    const [result] = await Promise.allSettled([work]);
    await kill.gate();
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  };
  const wrapped = (member: unknown): unknown => {
    if (typeof member !== 'function') return member;
    return (...asked: readonly unknown[]): unknown => {
      const answer: unknown = Reflect.apply(member, part, asked);
      return answer instanceof Promise ? heard(answer) : answer;
    };
  };
  return Object.fromEntries(Object.entries(part).map(([name, member]) => [name, wrapped(member)])) as T;
}

export function allMortal<T extends object>(parts: Readonly<Record<string, T>>, kill: KillSwitch): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, mortal(part, kill)]));
}
