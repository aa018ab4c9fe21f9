// What a good answer is: a status, or a condition over status, body, JSON and latency. It asks nobody.
import { BelayError } from '../../domain/errors.ts';
import { ANSWER_NAMES } from '../../domain/probe-point.ts';
import type { Expression } from '../../ports/expression.ts';
import type { HttpResponse } from '../../ports/http.ts';

export interface Verdict {
  readonly ok: boolean;
  readonly detail: string;
}

/** What a condition sees of a text. */
const LONGEST_BODY = 64 * 1024;

/** @throws BELAY_CONFIG_INVALID for a condition that does not compile */
export function expectationOf(
  spec: { readonly id: string; readonly expectStatus: number; readonly expect?: string },
  expression: Expression,
): (answer: HttpResponse) => Verdict {
  const { id, expect, expectStatus } = spec;
  if (expect === undefined) return ({ status }) => ({ ok: status === expectStatus, detail: `status ${status}` });
  const [problem] = expression.check(expect, ANSWER_NAMES, 'bool');
  if (problem !== undefined) {
    throw new BelayError('BELAY_CONFIG_INVALID', `source ${id}: expect: ${problem.message} (at character ${problem.offset + 1}).`, {
      hint: problem.hint ?? `It may name ${Object.keys(ANSWER_NAMES).join(', ')}: status == 200 && json.status != "CRITICAL"`,
    });
  }
  return ({ status, body, tookMs }) => {
    const json = jsonOf(body);
    const found = expression.evaluate(expect, ANSWER_NAMES, { status, body: body.slice(0, LONGEST_BODY), json, latencyMs: tookMs });
    if (!found.ok) return { ok: false, detail: `status ${status}; ${found.why}` };
    return { ok: found.value === true, detail: found.value === true ? `status ${status}` : `status ${status}; not so: ${expect}` };
  };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // No JSON is an answer, too: the condition sees null.
    return null;
  }
}
