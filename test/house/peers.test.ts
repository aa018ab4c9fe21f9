// The page about where others are wrong names the tests that prove each case, and the tests are there: both ways.
import { expect, test } from 'vitest';
import { read, under } from './source.ts';

const PAGE = 'docs/guides/where-others-are-wrong.md';
const CASES = Array.from({ length: 23 }, (_, index) => `D${index + 1}`);
/** What a title of many cases fills in. */
const shown = (title: string): string => title.replaceAll(/%[is]|\$\w+/g, '…');

const rows = read(PAGE)
  .split('\n')
  .flatMap((line) => {
    const [, id = '', , , , proof = ''] = line.split(' | ').length > 4 ? ['', ...line.replace(/^\| | \|$/g, '').split(' | ')] : [];
    return /^D\d+$/.test(id) ? [{ id, proof }] : [];
  });
const named = rows.flatMap(({ id, proof }) =>
  [...proof.matchAll(/\[(D\d+: [^\]]+)\]\(\.\.\/\.\.\/([^)]+)\)/g)].map(([, title = '', file = '']) => ({ id, title, file })),
);
const written = under('test')
  .filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/house/'))
  .flatMap((file) => [...read(file).matchAll(/'(D\d+: (?:[^'\\]|\\.)*)'/g)].map(([, title = '']) => `${file} ${shown(title)}`));

test('every case stands on the page once, in its order', () => {
  expect(rows.map(({ id }) => id)).toEqual(CASES);
});

test('every case names a test of its own', () => {
  expect(CASES.filter((id) => !named.some((one) => one.id === id))).toEqual([]);
  expect(named.filter(({ id, title }) => !title.startsWith(`${id}: `))).toEqual([]);
});

test('every test that the page names is there, and every test of a case is named', () => {
  expect(named.map(({ file, title }) => `${file} ${title}`).toSorted()).toEqual(written.toSorted());
});
