// A file that is replaced must stay its owner's: who may read it hangs on owner and group. It touches no file.
import { BelayError } from './errors.ts';

export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

export const isSameOwner = (a: FileOwner, b: FileOwner): boolean => a.uid === b.uid && a.gid === b.gid;

/** @throws BELAY_TARGET_UNREACHABLE (effect none) when the draft would take the file from its owner */
export function demandSameOwner(file: string, was: FileOwner, draft: FileOwner): void {
  if (isSameOwner(was, draft)) return;
  throw new BelayError(
    'BELAY_TARGET_UNREACHABLE',
    `${file} belongs to user ${was.uid} and group ${was.gid}, and Belay may not keep it so: it would become ${draft.uid} and ${draft.gid}`,
    {
      effect: 'none',
      hint: `Run Belay as the owner of ${file}, or give the file to Belay's user and to a group that this user and the service are in.`,
    },
  );
}
