// What commands print, without the secrets that belay.yaml names: a command may print a key that nobody gave it. It starts nothing itself.
import { BelayError } from '../../domain/errors.ts';
import type { CommandRunner } from '../../ports/command-runner.ts';
import type { Secrets } from '../../ports/secrets.ts';

export function hidingSecrets(runner: CommandRunner, { masked }: Pick<Secrets, 'masked'>): CommandRunner {
  return {
    run: async (order) => {
      try {
        const result = await runner.run(order);
        const [text, trouble] = await Promise.all([masked(result.text), masked(result.trouble)]);
        return { ...result, text, trouble };
      } catch (error) {
        if (!BelayError.is(error)) throw error;
        const { code, hint, effect } = error;
        throw new BelayError(code, await masked(error.message), { ...(hint === undefined ? {} : { hint }), effect, cause: error });
      }
    },
  };
}
