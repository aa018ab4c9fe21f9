// `belay certify`: tries a way back on the drill database of a database, or lists what was proved before. Belay does it; this follows.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '../../domain/certificate.ts';
import { BelayError, CODES, type ErrorCode, EXIT } from '../../domain/errors.ts';
import type { Certification } from '../../flows/certify.ts';
import { certificatesText, stageText } from '../certificates-text.ts';
import type { Client } from '../client.ts';
import { type Context, isSet, type Run, textOption } from '../context.ts';
import { createLetGo, untilLetGo } from '../let-go.ts';
import { clean } from '../text-layout.ts';

const LOOK_EVERY_MS = 200;
const MOST_LISTED = 50;

interface Answer {
  readonly certificates: readonly Certificate[];
  readonly tries: readonly Certification[];
}

export const run: Run = async (context, typed) => {
  const [database] = typed.args;
  if (isSet(typed, 'list')) return list(context, database);
  const to = textOption(typed, 'to');
  if (database === undefined || to === undefined)
    throw new BelayError('BELAY_USAGE', 'A try needs a database and where its way back goes.', {
      hint: 'Type: belay certify <database> --to <release or migration>. What was proved before: belay certify --list',
    });
  return certifyOne(context, database, to);
};

async function list({ out, lang, reach }: Context, database: string | undefined): Promise<undefined> {
  const answer = await askOf(await reach(), database, MOST_LISTED);
  out.data(answer, () => certificatesText(clean(answer.certificates), { ...out, width: out.width, lang }));
  return undefined;
}

const askOf = (client: Client, database: string | undefined, limit: number): Promise<Answer> =>
  client.get<Answer>(`/v1/certificates?limit=${limit}${database === undefined ? '' : `&database=${encodeURIComponent(database)}`}`);

async function certifyOne(context: Context, database: string, to: string) {
  const { out, lang } = context;
  const client = await context.reach();
  const { started } = await client.post<{ started: Certification }>('/v1/certificates', { database, to });
  const letGo = createLetGo();
  try {
    const certificate = await untilLetGo(letGo.signal, followed(context, client, started));
    out.data(certificate, () => certificatesText([clean(certificate)], { ...out, width: out.width, lang }));
    return certificate.outcome === 'lossless' ? undefined : EXIT.verification;
  } finally {
    letGo.end();
  }
}

/** @throws what kept it from being tried */
async function followed({ out, lang }: Context, client: Client, { database, startedAt }: Certification): Promise<Certificate> {
  for (let told = 0; ; await sleep(LOOK_EVERY_MS)) {
    const { certificates, tries } = await askOf(client, database, MOST_LISTED);
    const mine = tries.find((one) => one.startedAt === startedAt);
    if (mine === undefined)
      throw new BelayError('BELAY_SERVER_UNREACHABLE', `Belay was started anew before the way back of ${database} was tried to its end.`, {
        hint: `Look what it came to: belay certify ${database} --list`,
      });
    for (const stage of mine.stages.slice(told)) out.say(stageText(stage, database, lang));
    told = mine.stages.length;
    if (mine.end === null) continue;
    if ('message' in mine.end) throw problemOf(mine.end);
    const { certificate: id } = mine.end;
    const found = certificates.find((one) => one.id === id);
    if (found !== undefined) return found;
  }
}

function problemOf({ code, message, hint }: { readonly code: string; readonly message: string; readonly hint: string | null }): BelayError {
  const known: ErrorCode = code in CODES ? (code as ErrorCode) : 'BELAY_INTERNAL';
  return new BelayError(known, message, hint === null ? {} : { hint });
}
