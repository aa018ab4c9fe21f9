// Starts a process of the bench and talks with it: one request, one answer. It knows nothing of what the process does.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly pid: number;
  ask(request: string): Promise<number>;
  /** The next time that it says this unasked, alone or with a detail behind a space. */
  heard(word: string): Promise<string>;
  kill(): Promise<void>;
  /** It is asked to end in order; resolves when it is gone. */
  end(): Promise<void>;
}

export type Word = { readonly said: string } | { readonly answer: number } | { readonly trouble: string };

const PATIENCE_MS = 60_000;

export function startChild(module: string, args: readonly string[]): Child {
  const child = fork(fileURLToPath(module), [...args], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid: child.pid ?? 0,
    ask: async (request) => {
      child.send(request);
      const word = await wordOf(child, (one) => 'answer' in one);
      return 'answer' in word ? word.answer : Number.NaN;
    },
    heard: async (wanted) => {
      const word = await wordOf(child, (one) => 'said' in one && (one.said === wanted || one.said.startsWith(`${wanted} `)));
      return 'said' in word ? word.said : '';
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
    end: async () => {
      if (child.connected) child.send('end');
      await gone;
    },
  };
}

function wordOf(child: ChildProcess, isWanted: (word: Word) => boolean): Promise<Word> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      child.off('message', listen);
      child.off('exit', fail);
      finish();
    };
    const listen = (message: unknown): void => {
      const word = message as Word;
      if ('trouble' in word) settle(() => reject(new Error(word.trouble)));
      else if (isWanted(word)) settle(() => resolve(word));
    };
    const fail = (code: number | null, signal: string | null): void =>
      settle(() => reject(new Error(`a process of the bench ended with ${signal ?? String(code)}`)));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`a process of the bench was silent for ${PATIENCE_MS / 1000} s`))),
      PATIENCE_MS,
    );
    child.on('message', listen);
    child.on('exit', fail);
  });
}

/** The other end: obeys requests one after another until `end`, or until the bench is gone. */
export function obey(answers: Readonly<Record<string, () => Promise<number>>>, end: () => Promise<void>): void {
  const leave = (): void =>
    void end().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  process.on('disconnect', leave);
  process.on('message', (request: string) => {
    if (request === 'end') return leave();
    const answer = answers[request] ?? (() => Promise.reject(new Error(`nobody answers "${request}"`)));
    answer().then(
      (value) => tell({ answer: value }),
      (error: unknown) => tell({ trouble: String(error) }),
    );
  });
}

export function tell(word: Word): void {
  process.send?.(word);
}
