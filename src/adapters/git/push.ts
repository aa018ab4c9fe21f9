// One commit is brought to the branch, and only onto the commit that was expected there. What became of a push that nobody answered is
// seen at the remote. It knows no release.
import { BelayError } from '../../domain/errors.ts';
import type { ProcessResult } from '../../ports/process.ts';
import { type Mirror, remoteHead, told } from './mirror.ts';
import type { Settings } from './options.ts';

export interface Push {
  readonly commit: string;
  /** What must still be at the branch. */
  readonly over: string;
  /** A second branch that begins at the same commit; it must be new. */
  readonly also: string | null;
}

/** @throws BELAY_TARGET_CONFLICT (effect none), BELAY_ACT_FAILED (effect none), BELAY_DEPLOY_TIMEOUT (effect unknown) */
export async function push(settings: Settings, mirror: Mirror, wanted: Push): Promise<void> {
  const ref = `refs/heads/${settings.branch}`;
  const second = wanted.also === null ? [] : [`refs/heads/${wanted.also}`];
  const args = [
    'push',
    '--porcelain',
    '--no-verify',
    '--recurse-submodules=no',
    ...(second.length === 0 ? [] : ['--atomic']),
    `--force-with-lease=${ref}:${wanted.over}`,
    ...second.map((one) => `--force-with-lease=${one}:`),
    'origin',
    ...[ref, ...second].map((one) => `${wanted.commit}:${one}`),
  ];
  let result: ProcessResult | null = null;
  try {
    result = await mirror.git(args, { timeoutMs: settings.timeoutMs });
  } catch (error) {
    if (!BelayError.is(error, 'BELAY_TIMEOUT')) throw error;
  }
  if (result?.code === 0) return;
  await settle(settings, mirror, wanted, result);
}

/** `result` null: it took too long. */
async function settle(settings: Settings, mirror: Mirror, wanted: Push, result: ProcessResult | null): Promise<void> {
  const why = result === null ? 'it took too long' : told(settings, `${result.stdout}\n${result.stderr}`);
  const head = await headOr(settings, mirror, why);
  if (head === wanted.commit) return;
  const refused = result !== null && /^!\t.*\[(?:remote )?rejected\]/m.test(result.stdout);
  if (head !== wanted.over) {
    // Refused, or overtaken after it had landed: in both cases somebody else has deployed, and it is theirs that is live.
    if (refused) throw conflict(settings, head, wanted.over);
    throw lost(settings, `the push did not end well (${why}), and ${head ?? 'nothing'} is there now`);
  }
  if (refused || neverBegan(result))
    throw new BelayError('BELAY_ACT_FAILED', `${settings.branch} of ${settings.remote} refused the push: ${why}`, {
      hint: 'A hook, a protected branch or the rights of the credential said no; nothing was changed.',
    });
  throw lost(settings, `the push did not end well: ${why}`);
}

/** Before anything was sent. */
function neverBegan(result: ProcessResult | null): boolean {
  return (
    result !== null &&
    /Authentication failed|could not read Username|Permission denied \(|Host key verification failed|Connection refused|Could not resolve|returned error: (?:401|403|404)/.test(
      result.stderr,
    )
  );
}

async function headOr(settings: Settings, mirror: Mirror, why: string): Promise<string | null> {
  try {
    return await remoteHead(settings, mirror);
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    throw lost(settings, `the push did not end well (${why}), and the remote does not answer`);
  }
}

function lost({ branch, remote }: Settings, why: string): BelayError {
  return new BelayError('BELAY_DEPLOY_TIMEOUT', `${branch} of ${remote}: ${why}`, {
    effect: 'unknown',
    hint: 'Look at the branch: the commit of Belay says so in its last lines.',
  });
}

export function conflict({ branch, remote }: Settings, found: string | null, expected: string): BelayError {
  return new BelayError('BELAY_TARGET_CONFLICT', `${branch} of ${remote} is at ${found ?? 'nothing'}, not at ${expected}`, {
    hint: 'Somebody else has pushed in between: plan again.',
  });
}
