// A throw-away database of its own on the server that belay.yaml declares for that, and a recorder in front of it. It is made anew each time and
// dropped after it, never on the server of the database that it stands for.
import type { SqlServer } from '../../ports/database.ts';
import type { Scratch } from '../../ports/scratch.ts';
import { demandAnother } from './identity.ts';
import { startRecorder } from './recorder.ts';
import { addressWith, sweepServer, withThrowAway } from './throw-away.ts';

interface Options {
  readonly id: string;
  readonly url: string;
  /** A server by its address, as everything else asks it. */
  readonly open: (url: string) => SqlServer;
}

export function createScratch({ id, url, open }: Options): Scratch {
  const made = { id, url, called: 'scratch' } as const;
  return {
    use: async (other, work) => {
      await demandAnother(id, open(url), other);
      return withThrowAway(made, async (name) => {
        const recorder = await startRecorder(url);
        try {
          return await work({
            url: addressWith(url, { name, port: recorder.port }),
            server: open(addressWith(url, { name })),
            taken: () => recorder.taken(),
          });
        } finally {
          recorder.close();
        }
      });
    },
    sweep: () => sweepServer(made),
  } satisfies Scratch;
}
