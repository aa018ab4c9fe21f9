// The server of a drill database: a copy of it for each try, empty databases beside it, and the eyes on both. It never writes to the drill database
// itself, and to nothing at all before it is sure that it is not production.
import { BelayError } from '../../domain/errors.ts';
import { percentDecoded } from '../../domain/percent.ts';
import type { SqlServer } from '../../ports/database.ts';
import type { Copies, Copy } from '../../ports/drill.ts';
import type { ScratchDatabase } from '../../ports/scratch.ts';
import { type ComparisonLimits, compareRows } from './comparison.ts';
import { demandNotProduction } from './identity.ts';
import { demandNoWayOut } from './reach.ts';
import { startRecorder } from './recorder.ts';
import { readSchema } from './schema.ts';
import { addressWith, sweepServer, withThrowAway } from './throw-away.ts';

interface Options {
  readonly id: string;
  /** Of the drill database. */
  readonly url: string;
  /** One SELECT that gives the time up to which the copy is production. */
  readonly asOf?: string;
  readonly open: (url: string) => SqlServer;
  readonly limits?: ComparisonLimits;
}

const LIMITS: ComparisonLimits = { tableMs: 120_000, mostRows: 5_000_000 };
const SCHEMA_MS = 60_000;
const COPY_MS = 1_800_000;

export function createCopies(o: Options): Copies {
  const { id, url, open, limits = LIMITS } = o;
  const template = percentDecoded(new URL(url).pathname.slice(1));
  // Nobody may be connected to what is copied, so the server is asked by another of its databases.
  const server = addressWith(url, { name: template === 'postgres' ? 'template1' : 'postgres' });
  const made = { id, url: server, called: 'drill', settingsOf: template } as const;
  const within = <T>(from: string | undefined, work: (database: ScratchDatabase) => Promise<T>): Promise<T> =>
    withThrowAway({ ...made, ...(from === undefined ? {} : { template: from }), makeMs: COPY_MS }, (name) =>
      recorded(addressWith(url, { name }), open, work),
    );
  return {
    use: async (production, work) => {
      const drill = open(url);
      await demandNotProduction(id, drill, production);
      await demandNoWayOut(id, drill);
      const about = await aboutOf(id, drill, o.asOf);
      return within(template, async (database) => {
        // It is the copy that is written to, and making it may have taken long.
        await demandNoWayOut(id, database.server);
        return work({
          database,
          ...about,
          before: () => readSchema(drill, SCHEMA_MS),
          schemaOf: (other) => readSchema(other, SCHEMA_MS),
          compare: (without) => compareRows({ before: drill, after: database.server }, without, limits),
          empty: (inside) => within(undefined, inside),
        });
      });
    },
    sweep: () => sweepServer(made),
  } satisfies Copies;
}

async function recorded<T>(url: string, open: (url: string) => SqlServer, work: (database: ScratchDatabase) => Promise<T>): Promise<T> {
  const recorder = await startRecorder(url);
  const name = new URL(url).pathname.slice(1);
  try {
    return await work({ url: addressWith(url, { name, port: recorder.port }), server: open(url), taken: () => recorder.taken() });
  } finally {
    recorder.close();
  }
}

async function aboutOf(id: string, drill: SqlServer, asOf: string | undefined): Promise<Pick<Copy, 'postgres' | 'copiedAt'>> {
  const [version] = await drill.read([{ text: `select current_setting('server_version_num')`, values: [] }]);
  const postgres = Math.floor(Number(version?.rows[0]?.[0]) / 10_000);
  if (asOf === undefined) return { postgres, copiedAt: null };
  const [told] = await drill.read([{ text: `select extract(epoch from (${asOf})::timestamptz)::text`, values: [] }]);
  const written = told?.rows[0]?.[0] ?? null;
  if (written === null)
    throw new BelayError('BELAY_CONFIG_INVALID', `database ${id}: drill: asOf gives no time on the drill database`, {
      hint: 'Write one SELECT of one value, such as select max(created_at) from message.',
    });
  return { postgres, copiedAt: Math.round(Number(written) * 1000) };
}
