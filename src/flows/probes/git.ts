// The `git` probe: the branch of a folder in which people work, whether it is clean, and how far it is from its remote.
import type { Probe } from '../../ports/probe.ts';
import type { WorkingCopies } from '../../ports/working-copy.ts';
import { textOf } from '../actions/arguments.ts';
import { probeOf } from './probe.ts';

export function gitProbe(workingCopies: WorkingCopies): Probe {
  return probeOf('git', async (args) => {
    const { branch, clean, ahead, behind } = await workingCopies.look(textOf(args, 'dir'));
    return { known: true, values: { branch, clean, ahead, behind } };
  });
}
