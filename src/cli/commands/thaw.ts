// `belay thaw`: things may be put live again in a scope.
import { BelayError } from '../../domain/errors.ts';
import type { ScopeFreeze } from '../../domain/scope-freeze.ts';
import type { Run } from '../context.ts';
import { textOption } from '../context.ts';
import { clean } from '../text-layout.ts';

export const run: Run = async ({ out, reach }, typed) => {
  const [scope = ''] = typed.args;
  const why = textOption(typed, 'why');
  if (why === undefined)
    throw new BelayError('BELAY_USAGE', 'Thawing needs a reason: somebody froze it on purpose.', {
      hint: `Type: belay thaw ${scope} --why "the fix is reviewed"`,
    });
  const answer = await (await reach()).post<{ freeze: ScopeFreeze }>('/v1/freezes/thaw', { scope, why });
  const { freeze } = clean(answer);
  out.data(answer, () => `${freeze.scope} is open again; ${freeze.by} had frozen it: ${freeze.why}`);
  if (freeze.incident !== null)
    out.say(`Its incident keeps the measure open until people say that it is over: belay incident ${freeze.incident}`);
  return undefined;
};
