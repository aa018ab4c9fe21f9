// A wire to Postgres that can be cut at the worst moments: a commit that arrives but is never answered, or never arrives.
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Cut = 'after-commit' | 'before-commit';
export interface PostgresCut {
  /** The same database through the wire. */
  readonly url: string;
  /** The next `times` commits are cut like this. */
  arm(cut: Cut, times?: number): void;
  readonly cuts: number;
  /** While true nothing that the server says arrives; the connection looks healthy. What was said meanwhile is lost: cut afterwards. */
  stall(isStalled: boolean): void;
  /** Cuts everything that is connected now. */
  cutAll(): void;
  close(): Promise<void>;
}

const COMMIT = Buffer.from('commit\0');
const SOCKET = '.s.PGSQL.5432';

/** `url` has its socket directory in `?host=`. */
export async function cutWire(url: string): Promise<PostgresCut> {
  const target = new URL(url);
  const upstream = join(target.searchParams.get('host') ?? '', SOCKET);
  const dir = mkdtempSync(join(tmpdir(), 'belay-cut-'));
  const sockets = new Set<Socket>();
  const plan: { cut: Cut; left: number; cuts: number; stalled: boolean } = { cut: 'after-commit', left: 0, cuts: 0, stalled: false };
  const server = createServer((client) => {
    const real = createConnection(upstream);
    let silenced = false;
    const drop = (): void => {
      client.destroy();
      real.destroy();
    };
    for (const socket of [client, real]) {
      sockets.add(socket);
      socket.on('close', () => {
        sockets.delete(socket);
        drop();
      });
      socket.on('error', drop);
    }
    real.on('data', (data) => {
      // The server has answered the commit; nobody hears it.
      if (silenced) drop();
      else if (!plan.stalled) client.write(data);
    });
    client.on('data', (data) => {
      if (plan.left > 0 && data.includes(COMMIT)) {
        plan.left -= 1;
        plan.cuts += 1;
        if (plan.cut === 'before-commit') return drop();
        silenced = true;
      }
      real.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(join(dir, SOCKET), resolve));
  target.searchParams.set('host', dir);
  return {
    url: target.href,
    arm: (cut, times = 1) => {
      plan.cut = cut;
      plan.left = times;
    },
    get cuts() {
      return plan.cuts;
    },
    stall: (isStalled) => {
      plan.stalled = isStalled;
    },
    cutAll: () => {
      for (const socket of [...sockets]) socket.destroy();
    },
    close: async () => {
      for (const socket of [...sockets]) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
