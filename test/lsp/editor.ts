// An editor without a screen: it starts a real `belay lsp`, frames messages by hand and keeps what the server says. It knows the protocol
// from its specification, not from the library that the server uses.
import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { COMPILED } from '../world/compiled.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Position {
  readonly line: number;
  readonly character: number;
}
export interface Range {
  readonly start: Position;
  readonly end: Position;
}
export interface Marked {
  readonly range: Range;
  readonly severity: 1 | 2;
  readonly code: string;
  readonly message: string;
  readonly codeDescription: { readonly href: string };
}
export interface Answered {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

export interface Editor {
  readonly child: ChildProcess;
  readonly capabilities: Readonly<Record<string, unknown>>;
  request<T>(method: string, params: unknown): Promise<T>;
  /** With the whole answer, also of one that fails; `id` to cancel it by. */
  ask(method: string, params: unknown): { readonly id: number; readonly answer: Promise<Answered> };
  notify(method: string, params: unknown): void;
  raw(bytes: string): void;
  open(uri: string, text: string): void;
  change(uri: string, text: string, version: number): void;
  /** The next marks of a document that fit, or that came already and fit. */
  marks(uri: string, wanted: (marks: readonly Marked[]) => boolean): Promise<readonly Marked[]>;
  /** How often marks were sent for a document. */
  published(uri: string): number;
  readonly logged: readonly string[];
  /** `shutdown` and `exit`; the exit code. */
  end(): Promise<number | null>;
}

const PATIENCE_MS = 30_000;

export async function startEditor(o: { readonly locale?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<Editor> {
  const env = { PATH: process.env['PATH'] ?? '', ...COMPILED, TZ: 'UTC', LANG: 'C', ...o.env };
  const child = spawn(process.execPath, [MAIN, 'lsp', '--stdio'], { cwd: tmpdir(), env, stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const waiting = new Map<number, (answer: Answered) => void>();
  const marks = new Map<string, readonly Marked[]>();
  const counts = new Map<string, number>();
  const logged: string[] = [];
  const watchers = new Set<() => void>();
  let errors = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    errors += bytes.toString('utf8');
  });
  readFrames(child, (message) => {
    if (typeof message['id'] === 'number' && message['method'] === undefined) {
      waiting.get(message['id'])?.(message as unknown as Answered);
      return;
    }
    const params = message['params'] as Readonly<Record<string, unknown>>;
    if (message['method'] === 'window/logMessage') logged.push(String(params['message']));
    if (message['method'] !== 'textDocument/publishDiagnostics') return;
    const uri = String(params['uri']);
    marks.set(uri, params['diagnostics'] as readonly Marked[]);
    counts.set(uri, (counts.get(uri) ?? 0) + 1);
    for (const look of watchers) look();
  });
  const raw = (bytes: string): void => void child.stdin?.write(bytes);
  const send = (message: unknown): void => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...(message as object) });
    raw(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  let last = 0;
  const ask: Editor['ask'] = (method, params) => {
    last += 1;
    const id = last;
    const answer = patient<Answered>(
      (resolve) => waiting.set(id, resolve),
      () => `no answer to ${method}: ${errors}`,
    );
    send({ id, method, params });
    return { id, answer };
  };
  const request = async <T>(method: string, params: unknown): Promise<T> => {
    const { result, error } = await ask(method, params).answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result as T;
  };
  const notify = (method: string, params: unknown): void => send({ method, params });
  const ready = await request<{ capabilities: Readonly<Record<string, unknown>> }>('initialize', {
    processId: process.pid,
    rootUri: null,
    capabilities: {},
    ...(o.locale === undefined ? {} : { locale: o.locale }),
  });
  notify('initialized', {});
  return {
    child,
    capabilities: ready.capabilities,
    request,
    ask,
    notify,
    raw,
    logged,
    open: (uri, text) => notify('textDocument/didOpen', { textDocument: { uri, languageId: 'markdown', version: 1, text } }),
    change: (uri, text, version) => notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [{ text }] }),
    published: (uri) => counts.get(uri) ?? 0,
    marks: (uri, wanted) =>
      patient<readonly Marked[]>(
        (resolve) => {
          const look = (): void => {
            const now = marks.get(uri);
            if (now === undefined || !wanted(now)) return;
            watchers.delete(look);
            resolve(now);
          };
          watchers.add(look);
          look();
        },
        () => `no such marks of ${uri}; last: ${JSON.stringify(marks.get(uri))} ${errors}`,
      ),
    end: async () => {
      await request('shutdown', undefined);
      notify('exit', undefined);
      return exited;
    },
  };
}

function patient<T>(begin: (resolve: (value: T) => void) => void, why: () => string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(why())), PATIENCE_MS);
    begin((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

function readFrames(child: ChildProcess, take: (message: Readonly<Record<string, unknown>>) => void): void {
  let buffer = Buffer.alloc(0);
  child.stdout?.on('data', (bytes: Buffer) => {
    buffer = Buffer.concat([buffer, bytes]);
    for (;;) {
      const head = buffer.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/Content-Length: (\d+)/i.exec(buffer.subarray(0, head).toString('ascii'))?.[1]);
      if (!Number.isInteger(length)) throw new Error(`stdout holds what is no message: ${buffer.toString('utf8').slice(0, 200)}`);
      if (buffer.length < head + 4 + length) return;
      take(JSON.parse(buffer.subarray(head + 4, head + 4 + length).toString('utf8')) as Readonly<Record<string, unknown>>);
      buffer = buffer.subarray(head + 4 + length);
    }
  });
}

/** Where `|` stands in a text, and the text without it. */
export function cursorIn(marked: string): { readonly text: string; readonly position: Position; readonly offset: number } {
  const offset = marked.indexOf('|');
  const text = marked.slice(0, offset) + marked.slice(offset + 1);
  const before = text.slice(0, offset).split('\n');
  return { text, offset, position: { line: before.length - 1, character: (before.at(-1) ?? '').length } };
}
