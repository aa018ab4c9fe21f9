// The store opens only where its migrations are numbered without a gap and no number is given twice: two branches that each add one may both be right.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './source.ts';
import { twice } from './tables.ts';

const FOLDER = 'src/adapters/store-postgres/migrations';
const FORM = /^(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.sql$/;

/** What is wrong with these names of files, in words. */
function troubleOf(files: readonly string[]): readonly string[] {
  const numbers = files.flatMap((file) => FORM.exec(file)?.[1] ?? []);
  const last = Math.max(0, ...numbers.map(Number));
  const wanted = Array.from({ length: last }, (_, index) => String(index + 1).padStart(4, '0'));
  return [
    ...files.filter((file) => !FORM.test(file)).map((file) => `${file} is no NNNN-name.sql`),
    ...twice(numbers).map((number) => `${number} is there twice: ${files.filter((file) => file.startsWith(number)).join(', ')}`),
    ...wanted.filter((number) => !numbers.includes(number)).map((number) => `${number} is missing`),
  ];
}

test('migrations of the store are numbered from 1, each once and without a gap', () => {
  const files = readdirSync(path.join(root, FOLDER));
  expect(files.length).toBeGreaterThan(20);
  expect(troubleOf(files)).toEqual([]);
});

describe('numbers of migrations', () => {
  test.each([
    ['given twice', ['0001-a.sql', '0002-b.sql', '0002-c.sql'], ['0002 is there twice: 0002-b.sql, 0002-c.sql']],
    ['with a gap', ['0001-a.sql', '0003-c.sql'], ['0002 is missing']],
    ['that do not begin with 1', ['0002-b.sql'], ['0001 is missing']],
    ['of another form', ['0001-a.sql', '2-b.sql'], ['2-b.sql is no NNNN-name.sql']],
  ])('%s are told', (_name, files, trouble) => {
    expect(troubleOf(files)).toEqual(trouble);
  });
});
