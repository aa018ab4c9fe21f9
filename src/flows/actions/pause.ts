// `belay.pause` and `belay.resume`: Belay stops, or takes up again, every new effect.
import type { Action } from '../../ports/action.ts';
import type { PauseSwitch } from '../../ports/pause.ts';
import { specOf } from './arguments.ts';

export function pauseActions(pause: PauseSwitch): readonly Action[] {
  return [
    pauseAction('belay.pause', true, pause, (why) => pause.pause('belay', why)),
    pauseAction('belay.resume', false, pause, () => pause.resume('belay')),
  ];
}

function pauseAction(name: string, on: boolean, pause: PauseSwitch, act: (why: string) => Promise<void>): Action {
  return {
    spec: specOf(name),
    compareAndSet: () => 'none',
    target: () => 'belay:pause',
    observe: async () => {
      const { paused } = await pause.read();
      return { current: word(paused), desired: word(on), fingerprint: word(paused), reached: paused === on };
    },
    act: (args, { reason }) => act(typeof args['why'] === 'string' ? args['why'] : reason),
    impossible: async () => null,
    lastChange: async () => null,
  };
}

const word = (paused: boolean): string => (paused ? 'paused' : 'running');
