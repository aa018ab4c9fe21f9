// A port on this machine in front of a Postgres: what goes through it is handed on, encrypted where the address asks for that, and what the client says is
// written down. Of the answers it reads the first one, which asks who the client is.
import { once } from 'node:events';
import { connect, createServer, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as secure } from 'node:tls';
import pg from 'pg';
import { WireRecord } from './wire.ts';

interface Place {
  readonly host: string;
  readonly port: number;
  /** As the driver of Postgres understands the address; false: in the clear. */
  readonly ssl: boolean | ConnectionOptions;
}

export async function startRecorder(url: string) {
  // What the address means to everybody else who asks this server, with its certificates.
  const { host, port, ssl } = new pg.Client({ connectionString: url }) as Place;
  const place: Place = { host, port, ssl };
  const said: string[] = [];
  const open = new Set<Socket>();
  let isBroken = false;
  // Nothing is read from the client before the way to the server is there.
  const server = createServer({ pauseOnConnect: true }, (client) => {
    // A folder is where the server has its socket.
    const socket = connect(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
    const end = (): void => {
      client.destroy();
      socket.destroy();
    };
    for (const one of [client, socket]) {
      open.add(one);
      one.on('error', end).on('close', () => {
        open.delete(one);
        end();
      });
    }
    const record = new WireRecord((text) => said.push(text));
    channelOf(socket, place).then((upstream) => {
      upstream.on('error', end).on('close', end);
      client.on('data', (bytes: Buffer) => {
        const heard = record.hear(bytes);
        if (record.isBroken) isBroken = true;
        // A channel that could not be read is not offered; what follows it begins anew.
        if (heard === 'no') client.write('N');
        else upstream.write(bytes);
      });
      let isFirst = ssl !== false;
      upstream.on('data', (bytes: Buffer) => {
        client.write(isFirst ? withoutBinding(bytes) : bytes);
        isFirst = false;
      });
      client.resume();
    }, end);
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

/** Length and code of the message that asks for encryption. */
const ENCRYPT = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** @throws Error where the address asks for encryption and the server has none, or is another one than its certificate says */
async function channelOf(socket: Socket, { host, ssl }: Place): Promise<Socket> {
  if (ssl === false) return socket;
  await once(socket, 'connect');
  socket.write(ENCRYPT);
  const answer: unknown = (await once(socket, 'data'))[0];
  // One letter, and nothing that somebody may have put behind it.
  if (!Buffer.isBuffer(answer) || answer.toString('latin1') !== 'S') throw new Error('the server does not encrypt');
  const options = ssl === true ? {} : ssl;
  // The driver keeps the key out of what can be listed.
  const key = options.key === undefined ? {} : { key: options.key };
  const channel = secure({ socket, host, ...options, ...key, ...(isIP(host) === 0 ? { servername: host } : {}) });
  await once(channel, 'secureConnect');
  return channel;
}

const [AUTHENTICATION, SASL] = [0x52, 10];

/**
 * A proof that is bound to the encrypted channel can be given by nobody but Belay, which ends it: libpq takes the offer of it, in the clear, for an attack.
 * The other ways that the server offers stay.
 */
function withoutBinding(answer: Buffer): Buffer {
  if (answer.length < 9 || answer[0] !== AUTHENTICATION || answer.readUInt32BE(5) !== SASL) return answer;
  const end = 1 + answer.readUInt32BE(1);
  const ways = answer.toString('latin1', 9, end).split('\0');
  const kept = ways.filter((way) => way !== '' && !way.endsWith('-PLUS')).map((way) => `${way}\0`);
  const changed = Buffer.from(`R\0\0\0\0\0\0\0\0${kept.join('')}\0`, 'latin1');
  changed.writeUInt32BE(changed.length - 1, 1);
  changed.writeUInt32BE(SASL, 5);
  return Buffer.concat([changed, answer.subarray(end)]);
}
