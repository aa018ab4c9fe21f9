// Probes of what others say of themselves or count for us: a vendor's status page, an error tracker, any sample of a source.
import type { JsonObject } from '../../domain/json.ts';
import type { Sample, Samples } from '../../domain/signal.ts';
import type { Looks } from '../../ports/looks.ts';
import type { Probe } from '../../ports/probe.ts';
import type { Time } from '../../ports/time.ts';
import { named, textOf } from '../actions/arguments.ts';
import { durationOf, ifConfigured, notConfigured, optionalText, probeOf, unknown } from './probe.ts';

const DEFAULT_LAST_MS = 30 * 60_000;

export function vendorProbe({ vendors }: Pick<Looks, 'vendors'>): Probe {
  return probeOf('vendor.status', async (args) => {
    const vendor = ifConfigured(vendors, 'status page', textOf(args, 'source'), args);
    if (vendor === null) return notConfigured(textOf(args, 'source'));
    const component = optionalText(args, 'component');
    const { level, word, isMaintained, incidents } = await vendor.look(component === undefined ? {} : { component });
    // A word that nobody knows is no evidence, least of all that all is well.
    if (level === null) return unknown(`"${word}" is no status that is known`);
    const values = { level, word, well: level === 0, maintenance: isMaintained, incidents: incidents.length };
    return { known: true, values, seen: { incidents: incidents.map((one) => ({ ...one })) } };
  });
}

export function sentryProbe({ errors: trackers, masked }: Pick<Looks, 'errors' | 'masked'>): Probe {
  return probeOf('sentry', async (args, o) => {
    const tracker = ifConfigured(trackers, 'source of Sentry', textOf(args, 'source'), args);
    if (tracker === null) return notConfigured(textOf(args, 'source'));
    const query = optionalText(args, 'query');
    const { errors, issues, isMore, from, to } = await tracker.look({
      lastMs: durationOf(args, 'last') ?? DEFAULT_LAST_MS,
      ...(o?.since === undefined ? {} : { since: o.since }),
      ...(query === undefined ? {} : { query }),
    });
    const titles = await Promise.all(issues.map((one) => masked(one.title)));
    return {
      known: true,
      values: { errors, issues: issues.length, newIssues: issues.filter((one) => one.isNew).length },
      seen: { from, to, isMore, issues: issues.map((one, n) => ({ ...one, title: titles[n] ?? '' })) },
    };
  });
}

/** Counts are summed up, values are averaged; `least` and `most` are those of single samples. */
export function sampleProbe({ samples: sources }: Pick<Looks, 'samples'>): Probe {
  return probeOf('sample', async (args) => {
    const source = ifConfigured(sources, 'source that Belay reads', textOf(args, 'source'), args);
    if (source === null) return notConfigured(textOf(args, 'source'));
    const name = textOf(args, 'name');
    const numbers = numbersOf(await source.look(), name, (args['labels'] ?? {}) as JsonObject);
    const [first] = numbers;
    if (first === undefined) return unknown(`the source tells no ${name} with these labels`);
    const sum = numbers.reduce((total, one) => total + one.number, 0);
    return {
      known: true,
      values: {
        value: first.kind === 'value' ? sum / numbers.length : sum,
        least: Math.min(...numbers.map((one) => one.number)),
        most: Math.max(...numbers.map((one) => one.number)),
        samples: numbers.length,
      },
    };
  });
}

/** How old the newest file is; of several series (one for each organization) the oldest of these, because each must be there. */
export function backupProbe({ samples: sources }: Pick<Looks, 'samples'>, time: Pick<Time, 'now'>): Probe {
  return probeOf('backup', async (args) => {
    const samples = await named(sources, 'source of driver files', textOf(args, 'source')).look();
    const labels = (args['labels'] ?? {}) as JsonObject;
    const of = (name: string): readonly number[] => numbersOf(samples, name, labels).map(({ number }) => number);
    const files = of('files').reduce((sum, one) => sum + one, 0);
    const newest = of('file_newest_seconds');
    const limitMs = durationOf(args, 'newerThan') ?? 0;
    if (newest.length === 0) return { known: true, values: { fresh: false, files } };
    const ageMs = Math.max(0, Math.round(time.now() - 1_000 * Math.min(...newest)));
    return { known: true, values: { fresh: ageMs < limitMs, files, ageMs, newestBytes: Math.min(...of('file_newest_bytes')) } };
  });
}

type Numbered = { readonly kind: Sample['kind']; readonly number: number };

function numbersOf(samples: Samples, name: string, labels: JsonObject): readonly Numbered[] {
  const found: Numbered[] = [];
  for (const one of samples) {
    if (one.kind === 'probe' || one.name !== name) continue;
    if (!Object.entries(labels).every(([label, value]) => one.labels[label] === String(value))) continue;
    found.push({ kind: one.kind, number: one.kind === 'total' ? one.total : one.kind === 'delta' ? one.delta : one.value });
  }
  return found;
}
