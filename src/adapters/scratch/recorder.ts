// A port on this machine in front of a Postgres: what goes through it is handed on, and what the client says is written down. It reads no answer.
import { connect, createServer, type Socket } from 'node:net';
import { WireRecord } from './wire.ts';

export async function startRecorder(url: string) {
  const address = new URL(url);
  const [port, host] = [Number(address.port === '' ? 5432 : address.port), address.searchParams.get('host') ?? address.hostname];
  // A folder is where the server has its socket.
  const to = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host: host.replace(/^\[|\]$/g, ''), port };
  const said: string[] = [];
  const open = new Set<Socket>();
  let isBroken = false;
  const server = createServer((client) => {
    const record = new WireRecord((text) => said.push(text));
    const upstream = connect(to);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', end).on('close', () => {
        open.delete(socket);
        end();
      });
    }
    client.on('data', (bytes: Buffer) => {
      const heard = record.hear(bytes);
      if (record.isBroken) isBroken = true;
      // A channel that could not be read is not offered; what follows it begins anew.
      if (heard === 'no') client.write('N');
      else upstream.write(bytes);
    });
    upstream.on('data', (bytes: Buffer) => client.write(bytes));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const listening = server.address();
  return {
    port: typeof listening === 'object' && listening !== null ? listening.port : 0,
    // In the order in which it came, over all connections of the program.
    taken: (): readonly string[] | null => {
      const all = said.splice(0);
      return isBroken ? null : all;
    },
    close: (): void => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
