// Whether each signal matches anything of what its sources told just now: what somebody who writes a first trigger wants to know.
import { BelayError } from '../domain/errors.ts';
import { type LabelValues, type Selection, selectionOf, type Told } from '../domain/selection.ts';
import type { Lang, System } from '../domain/system.ts';
import type { ToldNames } from '../ports/readings.ts';
import { connect } from './client.ts';
import type { Context } from './context.ts';
import { doctorEn } from './doctor-words-en.ts';
import { doctorPtBr } from './doctor-words-pt-br.ts';
import { type Finding, ok, skip, warn } from './finding.ts';
import { livingServer } from './server-file.ts';

const MOST_NAMES = 12;
const LONGEST_VALUE = 40;

const PATIENCE_MS = 3_000;

/** What a running Belay heard of senders and of logs; nothing where none runs, or is not ours to ask. */
export async function heardHere({ dataDir, as, wiring }: Context): Promise<readonly ToldNames[]> {
  if (livingServer(dataDir) === null) return [];
  try {
    const client = connect(dataDir, await wiring.http(), { person: as, timeoutMs: PATIENCE_MS });
    return (await client.get<{ told: readonly ToldNames[] }>('/v1/told')).told;
  } catch (error) {
    // What is wrong with the server is a finding of its own.
    if (BelayError.is(error)) return [];
    throw error;
  }
}

/** `read`: by source, what those told that were read just now. Of the others counts what a running Belay `heard`. */
export function checkSignals(
  system: System,
  read: ReadonlyMap<string, readonly Told[]>,
  { lang, heard = [] }: { readonly lang: Lang; readonly heard?: readonly ToldNames[] },
): readonly Finding[] {
  const told = new Map(read);
  const parts = new Set<string>();
  for (const { source, isAll, names } of heard) {
    if (read.has(source) || names.length === 0) continue;
    told.set(
      source,
      names.flatMap(({ name, labels }) => labels.map((one) => ({ name, labels: one }))),
    );
    if (!isAll) parts.add(source);
    for (const one of names) if (!one.isAll) parts.add(`${source} ${one.name}`);
  }
  return findings(system, told, { lang, parts });
}

interface Known {
  readonly lang: Lang;
  /** Sources, and names of theirs, of which only a part is known. */
  readonly parts: ReadonlySet<string>;
}

function findings(system: System, told: ReadonlyMap<string, readonly Told[]>, { lang, parts }: Known): readonly Finding[] {
  return system.signals.flatMap((spec): readonly Finding[] => {
    const feeding = spec.sources.length > 0 ? spec.sources : system.sources.map(({ id }) => id);
    const read = feeding.filter((id) => told.has(id));
    const unread = feeding.filter((id) => !told.has(id));
    const selection =
      read.length === 0
        ? null
        : selectionOf(
            spec,
            read.flatMap((id) => told.get(id) ?? []),
          );
    const isPart =
      (selection?.why === 'no-name' && read.some((id) => parts.has(id))) ||
      (selection?.why === 'no-labels' && read.some((id) => parts.has(`${id} ${selection.name}`)));
    // Of what is known in part nothing is said to be missing.
    return selection === null || isPart ? [] : [findingOf(`signal ${spec.id}`, selection, { read, unread, lang })];
  });
}

interface Look {
  readonly read: readonly string[];
  readonly unread: readonly string[];
  readonly lang: Lang;
}

function findingOf(what: string, selection: Selection, { read, unread, lang }: Look): Finding {
  const words = lang === 'en' ? doctorEn : doctorPtBr;
  const sources = read.join(', ');
  if (selection.why === 'matches') return ok(what, words.matches(selection.series, sources));
  const labels = 'labels' in selection ? labelsText(selection.labels, words.noLabelsAtAll) : '';
  if (selection.why === 'no-scope') return warn(what, words.noScope(selection.selector, selection.by, labels), words.scope);
  if (selection.why === 'no-labels' && selection.isLater) return ok(what, words.later(selection.selector, labels));
  const says =
    selection.why === 'no-labels'
      ? words.noLabels(selection.selector, selection.name, labels)
      : words.noName(selection.selector, sources, shortened(selection.names) || words.nothing);
  // Another source may be the one that tells it.
  if (unread.length > 0) return skip(what, `${says}${words.unread(unread.join(', '))}`);
  return warn(what, says, selection.why === 'no-name' && selection.near !== null ? words.meant(selection.near) : words.mend);
}

const shortened = (names: readonly string[]): string => names.slice(0, MOST_NAMES).join(', ') + (names.length > MOST_NAMES ? ', …' : '');

function labelsText(labels: LabelValues, none: string): string {
  const cut = (value: string): string => (value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE - 1)}…` : value);
  const told = Object.entries(labels).map(([label, values]) => `${label}=${JSON.stringify(values.map(cut).join('|'))}`);
  return told.length === 0 ? none : told.join(', ');
}
