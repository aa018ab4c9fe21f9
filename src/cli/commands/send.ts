// `belay send`: rows of a file to a source that takes what is pushed. The whole file is checked first; the same file again counts once.
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { BelayError } from '../../domain/errors.ts';
import type { Client } from '../client.ts';
import type { Context, Run, Typed } from '../context.ts';
import { isSet, listOption, textOption } from '../context.ts';
import { type Counted, type Mapping, mappingProblems, plainMapping, samplesOf } from '../send/samples.ts';
import { CAPS, readTable, type Table } from '../send/table.ts';
import { type SenderWords, senderWords } from '../sender-words.ts';
import { clean } from '../text-layout.ts';

const CHUNK = 1_000;
const MOST_TOLD = 20;

export const run: Run = async (context, typed) => {
  const [source = '', file = ''] = typed.args;
  const words = senderWords(context.lang);
  const bytes = bytesOf(file, words);
  const table = readTable(bytes);
  const mapping = mappingOf(table, typed, words);
  refuse(mappingProblems(mapping, table, words), file, words);
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const { samples, problems } = samplesOf(table, mapping, { digest, words });
  refuse(problems, file, words);
  const facts = { source, rows: table.rows.length, samples: samples.length, counts: totals(samples) };
  if (isSet(typed, 'dryRun')) {
    context.out.data({ ...facts, sent: 0, dryRun: true }, () => `${summary(facts, words)}\n${words.dryRun}`);
    return undefined;
  }
  await sendAll(context, await context.reach(), source, samples);
  context.out.data({ ...facts, sent: samples.length, dryRun: false }, () => summary(facts, words));
  context.out.say(words.durable);
  return undefined;
};

function bytesOf(file: string, words: SenderWords): Uint8Array {
  try {
    if (statSync(file).size > CAPS.bytes)
      throw new BelayError('BELAY_INPUT_INVALID', words.tooLarge(file, CAPS.bytes / 1024 / 1024), { hint: words.cutIt });
    return readFileSync(file);
  } catch (cause) {
    if (BelayError.is(cause)) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BelayError('BELAY_NOT_FOUND', words.unreadable(file, why), { cause });
  }
}

function mappingOf(table: Table, typed: Typed, words: SenderWords): Mapping {
  const [count, mean, label] = [pairs(typed, 'count'), pairs(typed, 'mean'), pairs(typed, 'label')];
  const decimal = textOption(typed, 'decimal') ?? table.decimal;
  if (decimal !== 'comma' && decimal !== 'dot') throw new BelayError('BELAY_USAGE', words.decimal(decimal), { hint: words.typeDecimal });
  const plain = plainMapping({ ...table, decimal });
  const at = textOption(typed, 'at') ?? plain.at;
  const isSaid = Object.keys(count).length + Object.keys(mean).length > 0;
  return { count: isSaid ? count : plain.count, mean, label: Object.keys(label).length > 0 || isSaid ? label : plain.label, at, decimal };
}

/** `column=name`, or `column` for one that has its name already. */
function pairs(typed: Typed, option: string): Readonly<Record<string, string>> {
  const entries = listOption(typed, option).map((text): readonly [string, string] => {
    const cut = text.lastIndexOf('=');
    return cut === -1 ? [text, text] : [text.slice(0, cut), text.slice(cut + 1)];
  });
  return Object.fromEntries(entries);
}

function refuse(problems: readonly string[], file: string, words: SenderWords): void {
  if (problems.length === 0) return;
  const more = problems.length > MOST_TOLD ? `\n${words.more(problems.length - MOST_TOLD)}` : '';
  throw new BelayError('BELAY_INPUT_INVALID', `${words.nothingSent(file)}\n${clean(problems.slice(0, MOST_TOLD)).join('\n')}${more}`, {
    hint: words.mend,
  });
}

async function sendAll({ out, lang }: Context, client: Client, source: string, samples: readonly Counted[]): Promise<void> {
  const where = `/v1/events?source=${encodeURIComponent(source)}`;
  for (let from = 0; from < samples.length; from += CHUNK) {
    await client.post(where, samples.slice(from, from + CHUNK));
    const done = Math.min(samples.length, from + CHUNK);
    if (out.interactive && samples.length > CHUNK)
      process.stderr.write(`\r${bar(done / samples.length, out)} ${senderWords(lang).progress(done, samples.length)}`);
  }
  if (out.interactive && samples.length > CHUNK) process.stderr.write('\n');
}

const BAR = 30;

function bar(share: number, { marks }: Pick<Context['out'], 'marks'>): string {
  const full = Math.round(share * BAR);
  return `${marks.full.repeat(full)}${marks.empty.repeat(BAR - full)} ${String(Math.floor(share * 100)).padStart(3)} %`;
}

function totals(samples: readonly Counted[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const { name, delta } of samples) sums.set(name, (sums.get(name) ?? 0) + delta);
  return Object.fromEntries(sums);
}

interface Facts {
  readonly source: string;
  readonly rows: number;
  readonly samples: number;
  readonly counts: Readonly<Record<string, number>>;
}

function summary(facts: Facts, words: SenderWords): string {
  const lines = Object.entries(facts.counts).map(([name, sum]) => `  ${name}  +${Number(sum.toFixed(6))}`);
  return [words.summary(facts.rows, facts.samples, clean(facts.source)), ...lines].join('\n');
}
