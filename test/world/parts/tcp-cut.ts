// A wire to a port of this machine that can be cut, or fall silent, whatever is spoken on it.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

export interface TcpCut {
  readonly port: number;
  /** Cuts everything that is connected now. */
  cutAll(): void;
  /** While true nothing arrives on either side, and nothing says so. */
  stall(isStalled: boolean): void;
  close(): Promise<void>;
}

export async function cutTcp(port: number): Promise<TcpCut> {
  const sockets = new Set<Socket>();
  let stalled = false;
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('data', (data) => {
      if (!stalled) to.write(data);
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  const server = createServer((client) => {
    const real = createConnection(port, '127.0.0.1');
    join(client, real);
    join(real, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cutAll,
    stall: (isStalled) => {
      stalled = isStalled;
    },
    close: async () => {
      cutAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
