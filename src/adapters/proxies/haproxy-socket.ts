// How HAProxy is asked over its stats socket: one command a connection, bounded in time and size, each word checked before it is sent, because
// a space, a semicolon or a line break would begin another command. It knows no map and no server.
import { connect } from 'node:net';
import { BelayError, type Effect } from '../../domain/errors.ts';
import { labelText } from '../../domain/received.ts';

const MOST_BYTES = 8 * 1024 * 1024;
const PATIENCE_MS = 5_000;
const WORD = /^[\w./@:%+=,-]{1,512}$/;

/** @throws BELAY_CONFIG_INVALID */
export function demandWord(driver: string, option: string, word: string): void {
  if (WORD.test(word)) return;
  throw new BelayError(
    'BELAY_CONFIG_INVALID',
    `driver ${driver}: ${option}: ${JSON.stringify(labelText(word))} is none: letters, digits and . / _ - @ :`,
  );
}

export const isWord = (word: string): boolean => WORD.test(word);

export interface HaproxySocket {
  /** What it answers. @throws BELAY_TARGET_UNREACHABLE (effect none) */
  look(...words: readonly string[]): Promise<string>;
  /** @throws BELAY_TARGET_UNREACHABLE (effect none), BELAY_ACT_FAILED (none when it refused, unknown when no answer came) */
  change(...words: readonly string[]): Promise<void>;
}

export function openSocket(path: string): HaproxySocket {
  const failed = (why: string, effect: Effect): BelayError =>
    new BelayError(effect === 'none' ? 'BELAY_TARGET_UNREACHABLE' : 'BELAY_ACT_FAILED', `HAProxy at ${path}: ${why}`, {
      effect,
      hint: 'It needs "stats socket … level admin", and Belay must be allowed to write to that socket.',
    });
  return {
    look: async (...words) => {
      const { answer, trouble } = await tell(path, words);
      if (trouble !== null) throw failed(trouble, 'none');
      return answer;
    },
    change: async (...words) => {
      const { answer, trouble, wasSent } = await tell(path, words);
      if (trouble !== null) throw failed(trouble, wasSent ? 'unknown' : 'none');
      const said = labelText(answer.trim(), 300);
      // What it has done it answers with nothing.
      if (said !== '') throw new BelayError('BELAY_ACT_FAILED', `HAProxy at ${path}: ${said}`, { effect: 'none' });
    },
  };
}

interface Told {
  readonly answer: string;
  readonly trouble: string | null;
  readonly wasSent: boolean;
}

function tell(path: string, words: readonly string[]): Promise<Told> {
  const odd = words.find((word) => !WORD.test(word));
  if (odd !== undefined)
    return Promise.resolve({ answer: '', trouble: `${JSON.stringify(labelText(odd))} cannot be said to it`, wasSent: false });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let wasSent = false;
    const socket = connect({ path });
    const end = (trouble: string | null): void => {
      socket.destroy();
      resolve({ answer: Buffer.concat(chunks).toString('utf8'), trouble, wasSent });
    };
    socket.setTimeout(PATIENCE_MS, () => end(`it did not answer within ${PATIENCE_MS} ms`));
    socket.once('connect', () => {
      wasSent = true;
      socket.write(`${words.join(' ')}\n`);
    });
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) end('its answer is longer than 8 MiB');
    });
    socket.once('end', () => end(null));
    socket.once('error', (error: NodeJS.ErrnoException) => end(`it cannot be reached (${error.code ?? error.message})`));
  });
}
