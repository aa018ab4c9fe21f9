// What far-side.sh answers, in the words of the target. It starts nothing.
import { basename } from 'node:path/posix';
import { BelayError } from '../../domain/errors.ts';
import type { ProcessResult, ProcessSighting } from '../../ports/process.ts';
import { type Link, noLink, releaseNamed } from './link.ts';
import { moved } from './refusals.ts';

const BEGIN = 'belay\0';
const TOLD = 300;

/** What stands between "belay" and "end"; whatever the shell of a login says before is left out. @throws what the far side refuses */
export function answerOf(name: string, { code, stdout, stderr }: ProcessResult, acts: boolean): readonly string[] {
  const from = stdout.indexOf(BEGIN);
  const words = from < 0 ? [] : stdout.slice(from + BEGIN.length).split('\0');
  // The last one is the nothing behind the last NUL.
  const ended = words.at(-1) === '' ? words.at(-2) : undefined;
  if (ended === 'end') return words.slice(0, -2);
  if (ended === 'failed') throw refusal(name, words.slice(-4, -2), acts);
  if (from < 0 && stdout !== '') throw refusal(name, ['shell', stdout.trim().slice(0, TOLD)], acts);
  throw refusal(name, ['broken', stderr.trim().slice(-TOLD) || `ended with ${code}`], acts);
}

/** `acts`: it may have begun to change something when it broke. */
export function refusal(name: string, [what = '', detail = '']: readonly string[], acts: boolean): BelayError {
  const unreachable = (message: string, hint: string): BelayError => new BelayError('BELAY_TARGET_UNREACHABLE', message, { hint });
  switch (what) {
    case 'moved':
      return moved(name, basename(detail), 'what it was');
    case 'link':
      return noLink(`${name}/current`);
    case 'gone':
      return unreachable(
        `${detail === '.' ? name : `${name}/${detail}`} is not there`,
        'Check `root` of this target: it holds releases/<name>/ and the link current.',
      );
    case 'unreadable':
      return unreachable(`${name}: ${detail} cannot be read`, 'Let the user of `ssh` read it.');
    case 'unwritable':
      return unreachable(`${name} cannot be written to`, 'The user of `ssh` needs to write in that folder, and the disk needs some space.');
    case 'program':
      return unreachable(`${name}: there is no ${detail} on that host`, 'Install it there: coreutils and findutils, or busybox, have it.');
    case 'alone':
      return unreachable(`${name}: the connection broke before anything was changed`, 'Look again.');
    case 'held':
      return new BelayError('BELAY_LOCK_HELD', `${name}/.belay-lock is held by ${detail || 'somebody without a pid'}`, {
        hint: detail === '' ? 'Remove it if nobody is deploying.' : 'Wait for it to end, or look at that process on that host.',
      });
    case 'pruned':
      return new BelayError('BELAY_RELEASE_NOT_RESTORABLE', `${name}: the release was removed just now`, {
        hint: `Look into ${name}/releases.`,
      });
    case 'release':
      return new BelayError('BELAY_NOT_FOUND', `there is no release ${detail} in ${name}/releases`);
    case 'large':
      return new BelayError('BELAY_INPUT_INVALID', `${detail} is larger than 1 MiB`);
    case 'unfrozen':
      return new BelayError('BELAY_ACT_FAILED', `${name}/FREEZE could not be written or removed`, {
        effect: 'unknown',
        hint: 'The user of `ssh` needs to write in that folder.',
      });
    case 'shell':
      return unreachable(
        `${name}: no shell answered there, but "${detail}"`,
        'The user of `ssh` needs a POSIX shell that may run commands.',
      );
    default:
      return new BelayError('BELAY_TARGET_UNREACHABLE', `${name}: the connection broke${detail === '' ? '' : ` (${detail})`}`, {
        effect: acts ? 'unknown' : 'none',
        hint: acts ? 'What became of it is seen by looking again.' : 'Look whether that host runs and can be reached.',
      });
  }
}

interface LinkAnswer {
  readonly id: string;
  readonly seal: string;
  /** Nanoseconds. */
  readonly made: string;
  readonly target: string;
  /** Where both really lie. */
  readonly releases: string;
  readonly release: string;
}

export function linkFrom(name: string, root: string, { id, seal, made, target, releases, release }: LinkAnswer): Link {
  const named = releaseNamed(root, target, { releases, release });
  if (!/^\d+$/.test(made)) throw refusal(name, ['broken', 'it said no time of current'], false);
  return { release: named, id, fingerprint: `${named}@${seal}`, changedAt: Number(BigInt(made) / 1_000_000n) };
}

export function processFrom([pid = '', start = '', startedAt = '']: readonly (string | undefined)[]): ProcessSighting {
  return { pid: Number(pid), start, startedAt: startedAt === '' ? null : Number(startedAt) };
}
