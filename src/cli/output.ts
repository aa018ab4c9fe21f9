// The two streams: stdout carries data, stderr carries talk. Colours, width and marks are settled here, once.
import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

export interface Marks {
  readonly done: string;
  readonly failed: string;
  readonly skipped: string;
  readonly running: string;
  readonly waiting: string;
  readonly pending: string;
  readonly unknown: string;
  readonly undone: string;
  readonly full: string;
  readonly empty: string;
  readonly arrow: string;
  readonly dot: string;
  readonly live: string;
}

const DRAWN: Marks = {
  done: '✓',
  failed: '✗',
  skipped: '–',
  running: '●',
  waiting: '◆',
  pending: '○',
  unknown: '?',
  undone: '↶',
  full: '▓',
  empty: '░',
  arrow: '→',
  dot: '·',
  live: '●',
};
const ASCII: Marks = {
  done: '+',
  failed: 'x',
  skipped: '-',
  running: '*',
  waiting: '!',
  pending: '.',
  unknown: '?',
  undone: '<',
  full: '#',
  empty: '.',
  arrow: '->',
  dot: '-',
  live: '*',
};

const NARROWEST = 40;
const WIDEST = 120;

/** What a renderer must know of the terminal. */
export interface Look {
  readonly width: number;
  readonly colour: Colours;
  readonly marks: Marks;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly plain: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Output extends Look {
  readonly json: boolean;
  /** A person sits at both ends: questions may be asked. */
  readonly interactive: boolean;
  /** stdout is a terminal that may be redrawn. */
  readonly screen: boolean;
  /** stdout holds an answer already: a failure that comes after it is told on stderr alone. */
  readonly answered: boolean;
  /** The answer of the command: `value` with --json, `text` otherwise. */
  data(value: unknown, text: () => string): void;
  /** Bytes that are the data themselves, whatever --json says. */
  raw(text: string): void;
  say(text: string): void;
}

export function createOutput(o: OutputOptions): Output {
  const { stdin, stdout, stderr } = process;
  const wanted = (stream: NodeJS.WriteStream): boolean =>
    !o.plain &&
    (o.env['NO_COLOR'] ?? '') === '' &&
    o.env['TERM'] !== 'dumb' &&
    (stream.isTTY === true || (o.env['FORCE_COLOR'] ?? '') !== '');
  let answered = false;
  return {
    json: o.json,
    get answered() {
      return answered;
    },
    interactive: stdin.isTTY === true && stderr.isTTY === true && !o.json,
    screen: stdout.isTTY === true && !o.plain && !o.json && o.env['TERM'] !== 'dumb',
    get width() {
      const columns = stdout.columns ?? stderr.columns ?? Number(o.env['COLUMNS'] ?? 80);
      return Math.min(WIDEST, Math.max(NARROWEST, Number.isFinite(columns) ? columns : 80));
    },
    colour: pc.createColors(wanted(stdout)),
    marks: o.plain ? ASCII : DRAWN,
    data(value, text) {
      answered = true;
      stdout.write(o.json ? `${JSON.stringify(value)}\n` : withEnd(text()));
    },
    raw(text) {
      answered = true;
      stdout.write(text);
    },
    say: (text) => void stderr.write(withEnd(text)),
  };
}

function withEnd(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** A reader that has seen enough (`| head`) is no failure. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}
