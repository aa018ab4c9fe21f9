// `belay freeze`: nothing new is put live for an organization, or on a component; without a scope: what is frozen.
import { BelayError } from '../../domain/errors.ts';
import type { ScopeFreeze } from '../../domain/scope-freeze.ts';
import type { Run } from '../context.ts';
import { textOption } from '../context.ts';
import { freezeText } from '../measures-text.ts';
import { clean } from '../text-layout.ts';

export const run: Run = async ({ out, lang, reach }, typed) => {
  const [scope] = typed.args;
  const page = { ...out, width: out.width, lang };
  if (scope === undefined) {
    const answer = await (await reach()).get<{ freezes: readonly ScopeFreeze[] }>('/v1/freezes');
    out.data(answer, () => freezeText(clean(answer.freezes), Date.now(), page));
    return undefined;
  }
  const why = textOption(typed, 'why');
  if (why === undefined)
    throw new BelayError('BELAY_USAGE', 'A freeze needs a reason, for those whom it stops.', {
      hint: `Type: belay freeze ${scope} --why "v2 is being repaired"`,
    });
  const answer = await (await reach()).post<{ freeze: ScopeFreeze }>('/v1/freezes', { scope, why });
  out.data(answer, () => freezeText(clean([answer.freeze]), Date.now(), page));
  out.say(`Rolling back stays possible. When it may go on: belay thaw ${answer.freeze.scope} --why "…"`);
  return undefined;
};
