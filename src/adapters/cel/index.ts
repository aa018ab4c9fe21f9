// Keeps the contract of expressions with CEL (cel-js 8). It knows names, types and values; it knows no runbook and no probe.
import type { Expression } from '../../ports/expression.ts';
import type { Compiled, Names } from './compile.ts';
import { compile, typeName } from './compile.ts';
import { plainValue, typedValues } from './values.ts';

/** Enough for all conditions of a hundred runbooks; a running Belay evaluates the same few again and again. */
const CACHE_SIZE = 500;

/** @example createCel().evaluate('bad == 0', { bad: 'int' }, { bad: 0 }) // { ok: true, value: true } */
export function createCel() {
  const cache = new Map<string, Compiled>();

  const compiled = (source: string, names: Names): Compiled => {
    const key = `${source}\n${JSON.stringify(names)}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const fresh = compile(source, names);
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(key, fresh);
    return fresh;
  };

  return {
    check: (source, names, wants, untyped = 'refuse') => {
      const { problems, type } = compiled(source, names);
      if (problems.length > 0 || type === null || fits(type, wants) || (type === 'dyn' && untyped === 'accept')) return problems;
      const hint =
        wants === 'bool' ? 'Compare it with something, so that the answer is yes or no.' : `Write an expression that gives a ${wants}.`;
      return [{ rule: 'result-type', message: `this gives ${typeName(type)}, and a ${wants} is needed`, offset: 0, hint }];
    },
    evaluate: (source, names, values) => {
      const { problems, run, paths } = compiled(source, names);
      const [problem] = problems;
      if (problem !== undefined || run === null) return { ok: false, why: `${source}: ${problem?.message ?? 'not an expression'}` };
      const typed = typedValues(names, values, paths);
      if (!typed.ok) return typed;
      try {
        return plainValue(run(typed.values));
      } catch (error) {
        // Whatever the evaluator throws (division by zero, an index out of range) is an answer: it could not be told.
        return { ok: false, why: `${source}: ${summaryOf(error)}` };
      }
    },
  } satisfies Expression;
}

function fits(type: string, wants: 'bool' | 'string' | 'list' | 'number'): boolean {
  if (wants === 'number') return ['int', 'uint', 'double'].includes(type);
  return type === wants || (wants === 'list' && type.startsWith('list<'));
}

function summaryOf(error: unknown): string {
  const summary = typeof error === 'object' && error !== null && 'summary' in error ? error.summary : undefined;
  if (typeof summary === 'string') return summary;
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}
