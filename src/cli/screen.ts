// One screen of a terminal, redrawn every second: what it shows is given to it. It restores the terminal however it ends.
import type { ExitCode } from '../domain/errors.ts';
import { BelayError, EXIT } from '../domain/errors.ts';
import { span } from './clock-text.ts';
import type { Context } from './context.ts';
import { createLetGo } from './let-go.ts';
import type { Output } from './output.ts';
import { lengthOf, pad } from './text-layout.ts';
import { type Words, wordsOf } from './words.ts';

export interface Frame {
  readonly title: string;
  readonly text: string;
  /** Nothing more will happen. */
  readonly over: boolean;
}

const EVERY_MS = 1000;
/** Older than this, what is seen may be wrong. */
const STALE_MS = 5000;
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

/** @returns 0 after `q`, 130 after Ctrl-C: what runs goes on either way. */
export async function showScreen({ out, lang }: Context, draw: (rows: number) => Promise<Frame>): Promise<ExitCode> {
  const words = wordsOf(lang);
  const letGo = createLetGo();
  const keys = listenToKeys(() => drawLast());
  const { stdout } = process;
  let last: { readonly frame: Frame; readonly at: number } | null = null;
  const drawLast = (): void => {
    if (last !== null) paintFrame(out, words, last.frame, Date.now() - last.at);
  };
  stdout.write(ENTER);
  stdout.on('resize', drawLast);
  try {
    for (;;) {
      const frame = await draw(stdout.rows ?? 24).catch((error: unknown) => {
        // A server that is away for a moment: the last screen stays, marked as stale.
        if (BelayError.is(error) && error.exitCode === EXIT.unreachable) return null;
        throw error;
      });
      if (frame !== null) last = { frame, at: Date.now() };
      drawLast();
      const ended = await keys.within(EVERY_MS, letGo.signal);
      if (ended !== null) return ended;
    }
  } finally {
    stdout.off('resize', drawLast);
    stdout.write(LEAVE);
    keys.end();
    letGo.end();
  }
}

function paintFrame(out: Output, words: Words, frame: Frame, ageMs: number): void {
  const rows = process.stdout.rows ?? 24;
  const { colour, marks, width } = out;
  const badge =
    ageMs > STALE_MS ? colour.inverse(colour.yellow(` ${words.stale} ${span(ageMs)} `)) : colour.green(`${words.live} ${marks.live}`);
  const lines = frame.text.split('\n').slice(0, Math.max(1, rows - 2));
  const foot = `${pad(colour.dim(words.quit), Math.max(0, width - lengthOf(badge)))}${badge}`;
  const all = [...lines, ...Array.from({ length: Math.max(0, rows - 1 - lines.length) }, () => ''), foot];
  // Home, each line cleared behind its text, and the rest cleared: nothing flickers.
  process.stdout.write(`\u001b[H${all.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`);
}

interface Keys {
  /** The exit code when somebody leaves within the time, else null. */
  within(ms: number, letGo: AbortSignal): Promise<ExitCode | null>;
  end(): void;
}

function listenToKeys(onOther: () => void): Keys {
  const { stdin } = process;
  const raw = stdin.isTTY === true;
  let left: ExitCode | null = null;
  let ring = (): void => undefined;
  const onData = (bytes: Buffer): void => {
    const text = bytes.toString('utf8');
    if (text.includes('\u0003')) left = EXIT.detached;
    else if (/q/i.test(text)) left = EXIT.ok;
    else onOther();
    if (left !== null) ring();
  };
  if (raw) {
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on('data', onData);
  }
  return {
    within: (ms, letGo) =>
      new Promise((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          letGo.removeEventListener('abort', finish);
          resolve(letGo.aborted ? EXIT.detached : left);
        };
        const timer = setTimeout(finish, ms);
        ring = finish;
        letGo.addEventListener('abort', finish, { once: true });
        if (letGo.aborted || left !== null) finish();
      }),
    end: () => {
      if (!raw) return;
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
