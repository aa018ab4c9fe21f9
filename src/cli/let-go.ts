// Ctrl-C while something is followed: this terminal lets go, and what it followed goes on in the engine.
import { Detached } from './exit-code.ts';

export interface LetGo {
  readonly signal: AbortSignal;
  /** Gives the signals back. */
  end(): void;
}

export function createLetGo(): LetGo {
  const controller = new AbortController();
  const onSignal = (): void => controller.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    end: () => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, onSignal);
    },
  };
}

/** @throws Detached as soon as the signal aborts, whatever the work is waiting for. */
export function untilLetGo<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const letGo = (): void => reject(new Detached('let go'));
    if (signal.aborted) letGo();
    signal.addEventListener('abort', letGo, { once: true });
    work.then(resolve, reject);
  });
}
