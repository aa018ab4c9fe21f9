// `belay send`: files as people have them, against the API of a living Belay; and the parsers of those files, fuzzed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { instantOf, numberOf, plainMapping, samplesOf } from '../../src/cli/send/samples.ts';
import { readTable } from '../../src/cli/send/table.ts';
import { senderEn } from '../../src/cli/sender-words-en.ts';
import { BelayError } from '../../src/domain/errors.ts';
import { type LivingDoor, livingDoor } from './belay.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a file is sent', () => {
  let door: LivingDoor;
  beforeEach(async () => {
    door = await livingDoor();
  });
  afterEach(() => door.remove());
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(door.dataDir, name);
    writeFileSync(path, content);
    return path;
  };
  const counted = () => door.batches.flatMap((batch) => batch.samples);

  test('as Excel writes it in Brazil: byte order mark, semicolons, decimal commas, quotes, CRLF', async () => {
    const path = file(
      'nps.csv',
      '\ufeffdata;nota;canal;comentário\r\n02/03/2026 09:00;9,5;"Whats""App; grupo";"bom,\r\nmesmo"\r\n02/03/2026 10:00;4;e-mail;\r\n;;;\r\n02/03/2026 11:00;;e-mail;não respondeu\r\n',
    );
    const args = ['send', 'app', path, '--mean', 'nota=nps_score', '--label', 'canal=channel', '--at', 'data'];
    const dry = await door.belay([...args, '--dry-run', '--json'], { env: { TZ: 'America/Sao_Paulo' } });
    expect(dry.json()).toEqual({
      source: 'app',
      rows: 3,
      samples: 4,
      counts: { nps_score_sum: 13.5, nps_score_count: 2 },
      sent: 0,
      dryRun: true,
    });
    expect(door.batches).toEqual([]);
    const sent = await door.belay(args, { env: { TZ: 'America/Sao_Paulo' } });
    expect({ code: sent.code, out: sent.out }).toEqual({
      code: 0,
      out: '3 rows, 4 samples for app\n  nps_score_sum  +13.5\n  nps_score_count  +2\n',
    });
    expect(counted()).toMatchObject([
      { kind: 'delta', name: 'nps_score_sum', delta: 9.5, labels: { channel: 'Whats"App; grupo' }, at: Date.parse('2026-03-02T12:00:00Z') },
      { kind: 'delta', name: 'nps_score_count', delta: 1, labels: { channel: 'Whats"App; grupo' } },
      { kind: 'delta', name: 'nps_score_sum', delta: 4, labels: { channel: 'e-mail' } },
      { kind: 'delta', name: 'nps_score_count', delta: 1, labels: { channel: 'e-mail' } },
    ]);
  });

  test('twice has the same ids, so that it counts once; another file has others', async () => {
    const one = file('one.ndjson', '{"at":1772452800000,"lessons_started":20,"lessons_abandoned":7,"course":"a"}\n');
    const two = file('two.json', '[{"at":"2026-03-02T12:00:00Z","lessons_started":20,"lessons_abandoned":7,"course":"a"}]');
    for (const path of [one, one, two]) expect((await door.belay(['send', 'app', path])).code).toBe(0);
    const ids = door.batches.map((batch) => batch.samples.map((sample) => ('id' in sample ? sample.id : '')));
    expect(ids[0]).toEqual(ids[1]);
    expect(ids[0]?.some((id) => ids[2]?.includes(id))).toBe(false);
    expect(counted()[0]).toMatchObject({ name: 'lessons_started', delta: 20, labels: { course: 'a' }, at: 1_772_452_800_000 });
  });

  test('with bad rows is refused whole, each named by line and column, and nothing is sent', async () => {
    const path = file('bad.csv', 'at,lessons\n2026-03-02,3\n2026-02-31,4\n2026-03-03,many\n2026-03-04,-1\n');
    const said = await door.belay(['send', 'app', path, '--count', 'lessons']);
    expect({ code: said.code, sent: door.batches.length }).toEqual({ code: 2, sent: 0 });
    for (const part of [
      'line 3, column "at": "2026-02-31" is not a time',
      'line 4, column "lessons": "many"',
      'line 5, column "lessons": "-1" is below zero',
    ])
      expect(said.err).toContain(part);
  });

  test('is spoken of in the language of the reader, what is wrong with it, too', async () => {
    const path = file('notas.csv', 'data;nota;canal\n02/03/2026 09:00;9,5;web\n');
    const ptBr = (...more: readonly string[]) => door.belay(['send', 'app', path, '--at', 'data', ...more, '--plain', '--lang', 'pt-BR']);
    expect((await ptBr('--dry-run')).out).toContain('1 linha, 1 amostra para app\n  nota  +9.5\nNada foi enviado (--dry-run).');
    expect(await ptBr()).toMatchObject({ code: 0, err: expect.stringContaining('Estão gravadas.') as string });
    writeFileSync(path, 'data;nota;canal\n02/03/2026 09:00;-1;web\nontem;x;web\n');
    const refused = await ptBr('--count', 'nota');
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain(
      'nada foi enviado.\nlinha 2, coluna "nota": "-1" é menor que zero\nlinha 3, coluna "data": "ontem" não é uma data com hora',
    );
    expect((await ptBr('--count', 'notas')).err).toContain('não há coluna "notas"; seria nota?');
  });

  test('by a column or to a source that is not there is refused with what is meant', async () => {
    const path = file('one.csv', 'nota\n3\n');
    const column = await door.belay(['send', 'app', path, '--mean', 'notas=nps']);
    expect({ code: column.code, told: column.err.includes('did you mean nota?') }).toEqual({ code: 2, told: true });
    expect((await door.belay(['send', 'nobody', path])).err).toContain('?source=app');
    expect((await door.belay(['send', 'app', join(door.dataDir, 'none.csv')])).code).toBe(2);
    expect(door.batches).toEqual([]);
  });

  test('of many rows goes in parts, whole and in the order of time', async () => {
    const rows = Array.from({ length: 2_500 }, (_, index) => `${1_772_452_800_000 + ((index * 7) % 2_500)},1`);
    const sent = await door.belay(['send', 'app', file('many.csv', `at,clicks\n${rows.join('\n')}`)]);
    expect(sent.code).toBe(0);
    expect(door.batches.map((batch) => batch.samples.length)).toEqual([1_000, 1_000, 500]);
    const times = counted().map((sample) => sample.at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });
});

describe('a table', () => {
  test('in the encoding of an old Excel keeps its letters', () => {
    const latin = Uint8Array.from(Buffer.from('opinião;nota\nnão;3', 'latin1'));
    expect(readTable(latin)).toMatchObject({ columns: ['opinião', 'nota'], rows: [{ line: 2, cells: ['não', '3'] }], decimal: 'comma' });
  });

  test('whose first line says its separator, or that uses tabs, is read', () => {
    expect(readTable(bytes('sep=,\r\na,b\r\n1,2\r\n'))).toMatchObject({ columns: ['a', 'b'], rows: [{ line: 3, cells: ['1', '2'] }] });
    expect(readTable(bytes('a\tb, c\n1\t2'))).toMatchObject({ columns: ['a', 'b, c'] });
  });

  test.each([
    ['a,a\n1,2', 'two columns are called "a"'],
    ['a,\n1,2', 'column 2 has no name'],
    ['a,b\n1,2,3', 'line 2 has 3 fields'],
    ['a\n"1', 'line 2: a quotation mark is never closed'],
    ['a\n"1"2', 'line 2: something follows'],
    ['', 'the file is empty'],
    ['[1]', 'element 1 is not an object'],
    ['{"a":1}\n{', 'line 2 is not JSON'],
    ['[{"a":{"b":1}}]', 'column "a" is neither'],
  ])('such as %j is refused: %s', (text, why) => {
    expect(() => readTable(bytes(text))).toThrow(why);
  });

  test('of any texts comes back from CSV as it was', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => text.replaceAll('\0', ''));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 6 }), fc.constantFrom(';', ',', '\t'), (rows, separator) => {
        const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const csv = [`a${separator}b`, ...rows.map((row) => row.map(quote).join(separator))].join('\r\n');
        const kept = rows.filter((row) => row.some((text) => text.trim() !== ''));
        expect(readTable(bytes(csv)).rows.map((row) => row.cells)).toEqual(kept);
      }),
      { numRuns: 10_000 },
    );
  }, 30_000);

  test('of any bytes is a table or a refusal', () => {
    const text = fc.array(fc.constantFrom('a', '1', ';', ',', '"', '\n', '\r', '{', '[', ']', '}', ':', '\t', 'sep=;\n', 'á'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          text.map((all) => bytes(all.join(''))),
          fc.uint8Array({ maxLength: 60 }),
        ),
        (some) => {
          try {
            const table = readTable(some);
            const mapping = { ...plainMapping(table), mean: {}, decimal: table.decimal };
            for (const sample of samplesOf(table, mapping, { digest: 'd', words: senderEn }).samples)
              expect(sample.delta).toBeGreaterThanOrEqual(0);
          } catch (error) {
            expect(BelayError.is(error)).toBe(true);
          }
        },
      ),
      { numRuns: 10_000 },
    );
  }, 30_000);
});

describe('a cell', () => {
  test.each([
    ['1.234,5', 'comma', 1234.5],
    ['4,5', 'comma', 4.5],
    ['4.5', 'comma', null],
    ['1,234.5', 'dot', 1234.5],
    ['4,5', 'dot', null],
    ['1e3', 'dot', 1000],
    ['', 'dot', null],
    ['0x10', 'dot', null],
    ['NaN', 'dot', null],
    ['9'.repeat(400), 'dot', null],
  ] as const)('%s with decimal %s is %s', (text, decimal, number) => {
    expect(numberOf(text, decimal)).toBe(number);
  });

  test.each([
    ['2026-03-02T12:00:00Z', Date.parse('2026-03-02T12:00:00Z')],
    ['2026-03-02 12:00:00.5-03:00', Date.parse('2026-03-02T15:00:00.500Z')],
    ['1772452800000', 1_772_452_800_000],
    ['31/04/2026', null],
    ['2026-13-01', null],
    ['yesterday', null],
  ] as const)('%s is the instant %s', (text, at) => {
    expect(instantOf(text)).toBe(at);
  });
});
