// The `changed` probe: whether files differ between two releases of a target; without names, between what it ran before and what it runs now.
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { DeployTarget } from '../../ports/deploy-target.ts';
import type { Probe } from '../../ports/probe.ts';
import { named, textOf } from '../actions/arguments.ts';
import { probeOf, unknown } from './probe.ts';

export function changedProbe(targets: Readonly<Record<string, DeployTarget>>): Probe {
  return probeOf('changed', async (args) => {
    const name = textOf(args, 'target');
    const target = named(targets, 'target', name);
    if (target.changedFiles === undefined) return unknown(`${name} cannot say which files of its releases differ`);
    const state = args['from'] === undefined || args['to'] === undefined ? await target.current() : null;
    const from = args['from'] === undefined ? (state?.previous ?? null) : await refOf(target, textOf(args, 'from'));
    if (from === null) return unknown(`nobody knows what ${name} ran before`);
    const to = args['to'] === undefined ? (state?.release ?? '') : await refOf(target, textOf(args, 'to'));
    const files = await target.changedFiles(from, to, pathsOf(args));
    return { known: true, values: { changed: files.length > 0, count: files.length } };
  });
}

const refOf = async (target: DeployTarget, name: string): Promise<string> => (target.resolve === undefined ? name : target.resolve(name));

/** @throws BELAY_INPUT_INVALID */
function pathsOf(args: JsonObject): readonly string[] {
  const files = args['files'] ?? [];
  const paths = Array.isArray(files) ? files.map(String) : [String(files)];
  const odd = paths.find((one) => one === '' || one.startsWith('/') || one.split('/').includes('..'));
  if (odd === undefined) return paths;
  throw new BelayError('BELAY_INPUT_INVALID', `files: "${odd}" is no path within a release`, {
    hint: 'Write paths such as package.json, or folders such as db/migrations/.',
  });
}
