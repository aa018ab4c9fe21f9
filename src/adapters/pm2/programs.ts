// What `pm2 jlist` prints, as samples. It holds the environment of every program, secrets included: only what is named here is read, and
// nothing of the text is ever shown.
import { Unusable } from '../../domain/answer.ts';
import type { Instant } from '../../domain/json.ts';
import { fieldsIn, isFields, labelsOf, textIn } from '../../domain/received.ts';
import type { Sample } from '../../domain/signal.ts';

export const MOST_PROGRAMS = 500;

export interface Program {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: string;
  readonly restarts: number;
  readonly unstableRestarts: number;
  /** Null while PM2 does not know it. */
  readonly memoryBytes: number | null;
  readonly id: number;
  /** 0 while it does not run. */
  readonly pid: number;
  /** When it was last begun; null while PM2 does not know it. */
  readonly startedAt: Instant | null;
  readonly folder: string;
  readonly file: string;
}

/** PM2 may say something of its own before the list, a line each. @throws Unusable */
export function programsIn(stdout: string): readonly Program[] {
  const line = stdout
    .split('\n')
    .map((one) => one.trim())
    .findLast((one) => one.startsWith('[') && one.endsWith(']'));
  const list = line === undefined ? undefined : listIn(line);
  if (list === undefined) throw new Unusable('it printed no list of programs: is it PM2, and is its list shorter than 16 MiB?');
  // While it is reloaded, the process that goes has a number that is none.
  const programs = list.flatMap((one, index) => (typeof fieldsIn(one)['pm_id'] === 'number' ? [programIn(one, index)] : []));
  if (programs.length > MOST_PROGRAMS) throw new Unusable(`${programs.length} processes, more than ${MOST_PROGRAMS}: choose some by apps`);
  const ids = new Set(programs.map((one) => JSON.stringify(one.labels)));
  if (ids.size < programs.length) throw new Unusable('two processes have the same number');
  return programs;
}

function listIn(line: string): readonly unknown[] | undefined {
  try {
    const list: unknown = JSON.parse(line);
    return Array.isArray(list) ? list : undefined;
  } catch {
    // Told by the caller, without the text.
    return undefined;
  }
}

function programIn(json: unknown, index: number): Program {
  const { name, pm_id: id, pid, pm2_env: env, monit } = fieldsIn(json);
  if (typeof name !== 'string' || name === '') throw new Unusable(`process ${index} of the list has no name`);
  if (!isFields(env)) throw new Unusable(`process ${index} of the list has no pm2_env`);
  const counter = (key: string): number => {
    const value = env[key] ?? 0;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw new Unusable(`process ${index}: ${key} is not a number`);
    return value;
  };
  const { memory } = fieldsIn(monit);
  const { pm_uptime: startedAt } = env;
  return {
    name,
    labels: labelsOf({ app: name, instance: id, namespace: textIn(env['namespace']) }),
    status: textIn(env['status']),
    restarts: counter('restart_time'),
    unstableRestarts: counter('unstable_restarts'),
    memoryBytes: typeof memory === 'number' && Number.isFinite(memory) && memory >= 0 ? memory : null,
    id: id as number,
    pid: typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 ? pid : 0,
    startedAt: typeof startedAt === 'number' && Number.isFinite(startedAt) && startedAt > 0 ? startedAt : null,
    folder: textIn(env['pm_cwd']),
    file: textIn(env['pm_exec_path']),
  };
}

export function samplesOf(
  programs: readonly Program[],
  { at, wanted }: { readonly at: Instant; readonly wanted: readonly string[] },
): readonly Sample[] {
  const value = (name: string, labels: Readonly<Record<string, string>>, number: number | boolean): Sample => ({
    kind: 'value',
    name,
    labels,
    at,
    value: Number(number),
  });
  const names = new Set(programs.map((one) => one.name));
  return [
    ...wanted.map((name) => value('pm2_missing', labelsOf({ app: name }), !names.has(name))),
    ...programs.flatMap((one): readonly Sample[] => [
      { kind: 'total', name: 'pm2_restarts', labels: one.labels, at, total: one.restarts },
      value('pm2_unstable_restarts', one.labels, one.unstableRestarts),
      value('pm2_online', one.labels, one.status === 'online'),
      value('pm2_errored', one.labels, one.status === 'errored'),
      ...(one.memoryBytes === null ? [] : [value('pm2_memory_bytes', one.labels, one.memoryBytes)]),
    ]),
  ];
}
