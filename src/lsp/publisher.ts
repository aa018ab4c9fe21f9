// When a look is taken and where its marks go: a moment after the last change, one look at a time, and marks that are gone are taken away.
import type { Connection } from 'vscode-languageserver/node';
import { markedOf } from './translate.ts';
import type { Uris } from './uris.ts';
import type { Workspace } from './workspace.ts';

export interface Publisher {
  /** A text or a file changed. */
  readonly changed: (file: string) => void;
  stop(): void;
}

export interface PublisherDeps {
  readonly connection: Pick<Connection, 'sendDiagnostics'>;
  readonly workspace: Workspace;
  readonly uris: Uris;
  readonly tell: (what: string, error: unknown) => void;
  readonly rulesPage: string;
}

const QUIET_MS = 150;
/** Somebody who never stops typing sees marks all the same. */
const LONGEST_MS = 1000;

export function createPublisher({ connection, workspace, uris, tell, rulesPage }: PublisherDeps): Publisher {
  const shown = new Map<string, ReadonlySet<string>>();
  const dirty = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let since: number | null = null;
  let isLooking = false;
  const publish = async (uri: string, diagnostics: ReturnType<typeof markedOf>[]): Promise<void> =>
    connection.sendDiagnostics({ uri, diagnostics });
  const clear = async (root: string, but: ReadonlySet<string> = new Set()): Promise<void> => {
    for (const file of shown.get(root) ?? []) if (!but.has(file)) await publish(uris.uriOf(file), []);
    shown.delete(root);
  };
  const show = async (root: string): Promise<void> => {
    const { diagnostics } = await workspace.look(root);
    const open = [...workspace.open.keys()].filter((file) => workspace.rootOf(file) === root);
    const files = new Set([...diagnostics.map((one) => one.file), ...open]);
    await clear(root, files);
    shown.set(root, files);
    for (const file of files) {
      const text = workspace.textOf(file);
      await publish(
        uris.uriOf(file),
        diagnostics.filter((one) => one.file === file).map((one) => markedOf(one, text, rulesPage)),
      );
    }
  };
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    while (dirty.size > 0) {
      const files = [...dirty];
      dirty.clear();
      since = null;
      const roots = new Set([...workspace.open.keys()].map(workspace.rootOf).filter((root) => root !== null));
      for (const gone of [...shown.keys()].filter((root) => !roots.has(root))) await clear(gone);
      for (const root of new Set(files.map(workspace.rootOf)))
        if (root !== null && roots.has(root)) await show(root).catch((error: unknown) => tell(root, error));
    }
    isLooking = false;
  };
  return {
    changed: (file) => {
      dirty.add(file);
      since ??= Date.now();
      clearTimeout(timer);
      timer = setTimeout(
        () => void look().catch((error: unknown) => tell(file, error)),
        Math.max(0, Math.min(QUIET_MS, since + LONGEST_MS - Date.now())),
      );
    },
    stop: () => clearTimeout(timer),
  };
}
