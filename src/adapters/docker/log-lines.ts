// The lines that a container wrote, as its engine kept them, each with its time. What they mean is not its business.
import { jsonOf, Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { Http } from '../../ports/http.ts';
import type { DockerSpec } from './reader.ts';

export interface ContainerLines {
  readonly lines: readonly { readonly text: string; readonly at: Instant | null; readonly org: undefined }[];
  readonly isWhole: boolean;
}

const MOST_LINES = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;
const NAME = /^[a-zA-Z0-9][\w.-]{0,127}$/;
/** Before it stands the head of a frame, unless the container has a terminal. */
const STAMPED = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d{0,6}Z (.*)$/;

/** The newest ones. @throws BELAY_INPUT_INVALID for a name that no container can have, BELAY_TARGET_UNREACHABLE */
export async function containerLines(
  { id, socket, timeoutMs }: DockerSpec,
  { http }: { readonly http: Http },
  q: { readonly container: string | undefined; readonly since: Instant | null },
): Promise<ContainerLines> {
  const { container = '', since } = q;
  if (!NAME.test(container))
    throw new BelayError('BELAY_INPUT_INVALID', `source ${id}: container is ${container === '' ? 'missing' : 'no name of a container'}`, {
      hint: 'A source of driver docker has the logs of many: name one.',
    });
  const query = new URLSearchParams({ stdout: '1', stderr: '1', timestamps: '1', tail: String(MOST_LINES) });
  if (since !== null) query.set('since', String(Math.floor(since / 1_000)));
  const url = `http://docker/containers/${container}/logs?${query.toString()}`;
  const answer = await http.request({ method: 'GET', url, socket, timeoutMs, maxBytes: MOST_BYTES });
  try {
    if (answer.status !== 200) jsonOf(answer);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${socket}: container ${container}: ${error.message}`);
  }
  const lines = answer.body.split('\n').flatMap((line) => lineIn(line.replace(/\r$/, '')) ?? []);
  return { lines, isWhole: lines.length < MOST_LINES };
}

/** Null for the rest of a head, which is no line. */
function lineIn(line: string): ContainerLines['lines'][number] | null {
  const [, stamp, text = ''] = STAMPED.exec(line) ?? [];
  return stamp === undefined ? null : { text: `${stamp}Z ${text}`, at: Date.parse(`${stamp}Z`), org: undefined };
}
