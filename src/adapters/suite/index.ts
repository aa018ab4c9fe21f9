// Suites of tests as child processes: by argv, in an environment of their own, within their time, with an output of a bounded length. What
// their reports mean is domain/suite.ts' business.
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import { type SuiteSpec, suiteCounts } from '../../domain/suite.ts';
import type { Processes } from '../../ports/process.ts';
import type { SuiteRun, Suites } from '../../ports/rehearsed.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { Time } from '../../ports/time.ts';

interface SuiteDeps {
  readonly processes: Pick<Processes, 'run'>;
  readonly secrets: Pick<Secrets, 'fill' | 'masked'>;
  readonly time: Pick<Time, 'monotonicMs'>;
  readonly baseDir: string;
}

const MOST_OUTPUT = 1024 * 1024;
const MOST_REPORT = 8 * 1024 * 1024;
const TAIL_CHARS = 8 * 1024;

export function createSuites(specs: readonly SuiteSpec[], deps: SuiteDeps): Suites {
  return {
    run: async (id) => {
      const spec = specs.find((one) => one.id === id);
      if (spec === undefined)
        throw new BelayError('BELAY_NOT_FOUND', `there is no suite ${id}`, {
          hint: `Known: ${specs.map((one) => one.id).join(', ') || 'none'}. They stand in belay.yaml under suites.`,
        });
      return runSuite(spec, deps);
    },
  };
}

async function runSuite(spec: SuiteSpec, { processes, secrets, time, baseDir }: SuiteDeps): Promise<SuiteRun> {
  const cwd = resolve(baseDir, spec.cwd ?? '.');
  const file = spec.reportFile === undefined ? null : resolve(cwd, spec.reportFile);
  const before = file === null ? null : await stampOf(file);
  const env = Object.fromEntries(
    await Promise.all(Object.entries(spec.env).map(async ([name, value]) => [name, await secrets.fill(value)] as const)),
  );
  const began = time.monotonicMs();
  const [program = '', ...args] = spec.argv;
  const { code, stdout, stderr } = await processes.run([program, ...args], {
    cwd,
    env,
    timeoutMs: spec.timeoutMs,
    maxOutputBytes: MOST_OUTPUT,
  });
  const report = file === null ? stdout : await reportIn(spec, file, before);
  const tail = await secrets.masked(`${stdout.trimEnd()}\n${stderr.trimEnd()}`.trim());
  const counts = suiteCounts(spec.report, report, code);
  if (typeof counts === 'string')
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `suite ${spec.id} ended with ${code}, and its report cannot be read: ${counts}`, {
      hint: `It ended with: ${tail.slice(-300)}`,
    });
  return { ...counts, exit: code, tail: tail.slice(-TAIL_CHARS), tookMs: time.monotonicMs() - began };
}

/** Of what lay there before: the report of an earlier run proves nothing. */
async function stampOf(file: string): Promise<string | null> {
  try {
    const { mtimeNs, ino, size } = await stat(file, { bigint: true });
    return `${mtimeNs}/${ino}/${size}`;
  } catch {
    // Not there yet, as it should be.
    return null;
  }
}

async function reportIn(spec: SuiteSpec, file: string, before: string | null): Promise<string> {
  const now = await stampOf(file);
  if (now === null || now === before)
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `suite ${spec.id} wrote no report to ${spec.reportFile ?? ''}`, {
      hint: 'Look at its argv: the reporter, and where it writes.',
    });
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > MOST_REPORT) throw new BelayError('BELAY_TARGET_UNREACHABLE', `the report of suite ${spec.id} is larger than 8 MiB`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
