// A channel that writes to the terminal. Nobody can ask a terminal what it has shown, so it cannot be reconciled.
import { BelayError } from '../../domain/errors.ts';
import type { Channel } from '../../ports/channel.ts';

export interface ConsoleDeps {
  /** Writes one text to stderr, or wherever talk goes. */
  readonly write: (text: string) => void;
}

const INDENT = '    ';

export function createConsoleChannel(deps: ConsoleDeps) {
  return {
    card: { idempotent: false, reconcile: false, edit: false, thread: false, maxLength: 4_000, settleMs: 0 },
    send: async (message) => {
      const lines = clip(message.message.plain, 4_000)
        .split('\n')
        .filter((line) => line !== '');
      const text = `[${message.to}] ${lines.join(`\n${INDENT}`)}\n`;
      try {
        deps.write(text);
      } catch (cause) {
        throw new BelayError('BELAY_CHANNEL_FAILED', `the terminal cannot be written: ${String(cause)}`, {
          effect: 'unknown',
          hint: 'Is stderr closed?',
          cause,
        });
      }
      return { providerId: message.id };
    },
    reconcile: async () => 'unknown',
    check: async () => ({ ok: true, why: 'the terminal is there' }),
  } satisfies Channel;
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
