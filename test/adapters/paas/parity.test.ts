// Our own subsets against the vendors' published descriptions, where those are at hand: BELAY_VENDOR_API names a folder that holds
// heroku/schema.json and railway/schema.graphql. A difference is for a person to judge, never to be edited away.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buildSchema, findBreakingChanges } from 'graphql';
import { describe, expect, test } from 'vitest';
import { type Schema, wrongWith } from '../../world/vendors/description.ts';
import { OPERATIONS, RESOURCES } from '../../world/vendors/heroku-api.ts';
import { RAILWAY_SDL } from '../../world/vendors/railway-api.ts';

const FOLDER = process.env['BELAY_VENDOR_API'];
const LOUDLY = FOLDER === undefined ? ': SKIPPED, set BELAY_VENDOR_API to the folder of the published descriptions' : '';
const textOf = (name: string): string => readFileSync(path.join(FOLDER ?? '', name), 'utf8');

interface Full {
  readonly $ref?: string;
  readonly anyOf?: readonly Full[];
  readonly type?: readonly string[];
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Full>>;
  readonly required?: readonly string[];
  readonly items?: Full;
  readonly definitions?: Readonly<Record<string, Full>>;
  readonly links?: readonly { readonly title: string; readonly method: string; readonly href: string; readonly schema?: Full }[];
}

describe.skipIf(FOLDER === undefined)(`the subset of Heroku is a part of its description${LOUDLY}`, () => {
  const whole = (): Full => JSON.parse(textOf('heroku/schema.json')) as Full;

  function followed(root: Full, one: Full): Full {
    if (one.$ref === undefined) return one;
    let found: unknown = root;
    for (const step of one.$ref.replace('#/', '').split('/')) found = (found as Readonly<Record<string, unknown>>)[step];
    return followed(root, found as Full);
  }

  /** Where ours allows or demands something else than theirs. */
  function differences(root: Full, ours: Schema, written: Full, at: string): readonly string[] {
    const theirs = followed(root, written);
    if (theirs.anyOf !== undefined)
      return theirs.anyOf.some((one) => differences(root, ours, one, at).length === 0) ? [] : [`${at}: none of anyOf`];
    const found: string[] = [];
    const same = (what: string, a: unknown, b: unknown): void => {
      if (JSON.stringify(a) !== JSON.stringify(b)) found.push(`${at}: ${what} is ${JSON.stringify(b)}, ours ${JSON.stringify(a)}`);
    };
    same('type', ours.type?.toSorted(), theirs.type?.toSorted());
    for (const what of ['enum', 'format', 'pattern'] as const) if (ours[what] !== undefined) same(what, ours[what], theirs[what]);
    if (ours.items !== undefined) found.push(...differences(root, ours.items, theirs.items ?? {}, `${at}[]`));
    for (const [name, one] of Object.entries(ours.properties ?? {})) {
      const other = theirs.properties?.[name];
      found.push(...(other === undefined ? [`${at}.${name}: not described`] : differences(root, one, other, `${at}.${name}`)));
    }
    return found;
  }

  test.each(Object.keys(RESOURCES))('the resource %s', (name) => {
    const root = whole();
    const { properties = {} } = root.definitions?.[name] ?? {};
    expect(differences(root, RESOURCES[name] ?? {}, { type: ['object'], properties }, name)).toEqual([]);
  });

  test.each(OPERATIONS.map((one) => [`${one.method} ${one.path}`, one] as const))(
    'the operation %s',
    (_name, { method, path: ours, resource, title, body }) => {
      const root = whole();
      const link = root.definitions?.[resource]?.links?.find(
        (one) => one.title === title && one.method === method && one.href.replaceAll(/\{[^}]+\}/g, '{}') === ours,
      );
      expect(link).toBeDefined();
      if (body === undefined) return;
      expect(differences(root, body, link?.schema ?? {}, 'body')).toEqual([]);
      expect(link?.schema?.required).toEqual(body.required);
    },
  );
});

test.skipIf(FOLDER === undefined)(`the subset of Railway is a part of its schema${LOUDLY}`, () => {
  const [ours, theirs] = [buildSchema(RAILWAY_SDL), buildSchema(textOf('railway/schema.graphql'))];
  // What would break somebody who was written for ours and meets theirs.
  expect(findBreakingChanges(ours, theirs).map((one) => one.description)).toEqual([]);
});

test('a value that breaks a description is told at its place', () => {
  const release = RESOURCES['release'] ?? {};
  expect(wrongWith(release, { id: 'x', version: 1.5, status: 'done', more: 1 }, 'release')).toEqual(
    expect.arrayContaining([
      'release.id is no uuid',
      'release.version is number, not integer',
      'release.more is not described',
      'release lacks slug',
    ]),
  );
  expect(wrongWith(release, { status: 'done' }).join()).toContain('it.status is none of failed, pending, succeeded, expired');
  expect(wrongWith(release, null)).toEqual(['it is null, not object']);
});
