// What `belay init` must know of a service, checked. It asks nobody and writes nothing.
import { basename } from 'node:path';
import { BelayError } from '../domain/errors.ts';
import type { Lang } from '../domain/system.ts';

export interface Answers {
  readonly name: string;
  /** The name as an id of belay.yaml. */
  readonly id: string;
  readonly lang: Lang;
  readonly zone: string;
  readonly url: string;
  /** Null: the service has no Prometheus page; then the health page is what is watched. */
  readonly metricsUrl: string | null;
  readonly healthUrl: string | null;
  readonly releaseDir: string;
  readonly pidFile: string;
  readonly signal: string;
  readonly orgs: readonly string[];
  /** Only with organizations: which flow each of them uses. */
  readonly flow: { readonly file: string; readonly values: readonly [safe: string, ...others: string[]] } | null;
  readonly person: string;
}

export interface RawAnswers {
  readonly name: string;
  readonly lang: Lang;
  readonly zone: string;
  readonly url?: string | undefined;
  readonly metricsUrl?: string | undefined;
  readonly healthUrl?: string | undefined;
  readonly releaseDir: string;
  readonly pidFile?: string | undefined;
  readonly signal?: string | undefined;
  readonly orgs: string;
  readonly flowFile?: string | undefined;
  readonly flowValues?: string | undefined;
  readonly person?: string | undefined;
}

export function slugOf(text: string): string {
  const slug = text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return slug === '' ? 'service' : slug.slice(0, 40);
}

/** Everything that is wrong with one answer, as a sentence; undefined when it is fine. */
export const wrongWith = {
  name: (text: string) => (text.trim() === '' ? 'A name is needed.' : undefined),
  url: (text: string) =>
    /^https?:\/\/[^\s/@]+(:\d+)?(\/\S*)?$/.test(text) ? undefined : 'Write an address such as http://127.0.0.1:8080/metrics',
  path: (text: string) => (text.trim() === '' || text.includes('\n') ? 'Write a path, relative to this folder.' : undefined),
  signal: (text: string) => (/^SIG[A-Z0-9]{2,10}$/.test(text) ? undefined : 'Write a signal such as SIGHUP or SIGUSR2'),
  orgs: (text: string) =>
    listOf(text).every((one) => /^[a-z][a-z0-9-]*$/.test(one))
      ? undefined
      : 'Write ids such as acme,globex: lower-case letters, digits and dashes, as the label has them',
  zone: (text: string) => (isZone(text) ? undefined : 'Write a zone such as America/Sao_Paulo or UTC'),
  values: (text: string) => (listOf(text).length >= 2 ? undefined : 'Name at least two, the safe one first: stable,next'),
} satisfies Record<string, (text: string) => string | undefined>;

export function listOf(text: string): readonly string[] {
  return [...new Set(text.split(',').map((one) => one.trim()))].filter((one) => one !== '');
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    // Intl has no question for it: it throws for what it does not know.
    return false;
  }
}

/** @throws BELAY_USAGE that names the flag of the first answer that is wrong */
export function checkAnswers(raw: RawAnswers): Answers {
  const demand = (flag: string, value: string, wrong: (text: string) => string | undefined): string => {
    const why = wrong(value);
    if (why === undefined) return value;
    throw new BelayError('BELAY_USAGE', `--${flag} "${value}" cannot be used.`, { hint: why });
  };
  const optional = (flag: string, value: string | undefined): string | null =>
    value === undefined || value === '' ? null : demand(flag, value, wrongWith.url);
  const metricsUrl = optional('metrics-url', raw.metricsUrl);
  const healthUrl = optional('health-url', raw.healthUrl);
  const watched = metricsUrl ?? healthUrl;
  if (watched === null)
    throw new BelayError('BELAY_USAGE', 'There is nothing to watch: neither a metrics page nor a health page was named.', {
      hint: 'Name one: --metrics-url http://127.0.0.1:8080/metrics, or --health-url http://127.0.0.1:8080/health',
    });
  const name = demand('name', raw.name.trim(), wrongWith.name);
  const releaseDir = demand('release-dir', raw.releaseDir, wrongWith.path).replace(/(.)\/+$/, '$1');
  const orgs = listOf(demand('org', raw.orgs, wrongWith.orgs));
  return {
    name,
    id: slugOf(name),
    lang: raw.lang,
    zone: demand('zone', raw.zone, wrongWith.zone),
    url: optional('url', raw.url) ?? new URL(watched).origin,
    metricsUrl,
    healthUrl,
    releaseDir,
    pidFile: demand('pid-file', raw.pidFile ?? `${releaseDir}/run/${slugOf(name)}.pid`, wrongWith.path),
    signal: demand('signal', raw.signal ?? 'SIGHUP', wrongWith.signal),
    orgs,
    flow: flowOf(raw, orgs, demand),
    person: raw.person?.trim() === '' || raw.person === undefined ? 'On call' : raw.person.trim(),
  };
}

function flowOf(
  { flowFile, flowValues }: RawAnswers,
  orgs: readonly string[],
  demand: (flag: string, value: string, wrong: (text: string) => string | undefined) => string,
): Answers['flow'] {
  if (flowFile === undefined || flowFile === '') return null;
  if (orgs.length === 0)
    throw new BelayError('BELAY_USAGE', '--flow-file needs organizations to switch.', {
      hint: 'Name them as the label of your metrics does: --org acme,globex',
    });
  const [safe = 'stable', ...others] = listOf(demand('flow-values', flowValues ?? 'stable,next', wrongWith.values));
  return { file: demand('flow-file', flowFile, wrongWith.path), values: [safe, ...others] };
}

export function nameOfFolder(folder: string): string {
  return basename(folder) || 'service';
}
