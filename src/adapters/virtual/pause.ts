// The pause switch in memory: both places survive kills on the disk of the world; each can be made unreachable.
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { PauseState, PauseSwitch } from '../../ports/pause.ts';
import type { Time } from '../../ports/time.ts';
import type { DurableDisk } from './durable-disk.ts';
import type { KillSwitch } from './kill-switch.ts';

interface Mark {
  readonly who: string;
  readonly reason: string;
  readonly at: Instant;
}
type Where = 'file' | 'store';
export interface PauseFaults {
  fileUnreadable: boolean;
  storeDown: boolean;
}
export type VirtualPause = PauseSwitch & { readonly faults: PauseFaults };

export function createVirtualPause({
  disk,
  kill,
  time,
}: {
  readonly disk: DurableDisk;
  readonly kill: KillSwitch;
  readonly time: Time;
}): VirtualPause {
  const marks = disk.part<Map<Where, Mark>>('pause', () => new Map());
  const faults: PauseFaults = { fileUnreadable: false, storeDown: false };
  const unreadable = (): Mark => ({ who: 'belay', reason: 'the pause file cannot be read', at: time.now() });
  const markOf = (where: Where): Mark | undefined => {
    if (where === 'file') return faults.fileUnreadable ? unreadable() : marks.get('file');
    return faults.storeDown ? undefined : marks.get('store');
  };
  return {
    faults,
    read: async (): Promise<PauseState> => {
      await kill.gate();
      const by = (['file', 'store'] as const).flatMap((where) => {
        const mark = markOf(where);
        return mark === undefined ? [] : [{ where, ...mark }];
      });
      return { paused: by.length > 0, by };
    },
    pause: async (who, reason) => {
      await kill.at('pause:before');
      if (faults.fileUnreadable) throw new BelayError('BELAY_AUDIT_UNAVAILABLE', 'the pause file cannot be written');
      marks.set('file', { who, reason, at: time.now() });
      if (!faults.storeDown) marks.set('store', { who, reason, at: time.now() });
      await kill.at('pause:after');
    },
    resume: async () => {
      await kill.at('resume:before');
      if (faults.storeDown) throw new BelayError('BELAY_STORE_UNAVAILABLE', 'the pause in the store could not be cleared');
      if (faults.fileUnreadable) throw new BelayError('BELAY_AUDIT_UNAVAILABLE', 'the pause file could not be cleared');
      marks.clear();
      await kill.at('resume:after');
    },
  } satisfies VirtualPause;
}
