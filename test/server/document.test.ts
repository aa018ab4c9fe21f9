// The OpenAPI document: every operation has its permission, its row in the reference, and a gate that holds for each person.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LEVELS, levelOf, OPERATIONS, type Operation } from '../../src/domain/authorization.ts';
import { type Door, openDoor } from './world.ts';

describe('the document', () => {
  interface Document {
    readonly openapi: string;
    readonly paths: Readonly<
      Record<string, Readonly<Record<string, { readonly operationId: string; readonly security?: readonly unknown[] }>>>
    >;
  }
  let document: Document;
  let calls: { readonly id: string; readonly method: string; readonly path: string; readonly open: boolean }[];
  let shared: Door;
  beforeAll(async () => {
    shared = await openDoor();
    document = (await (await shared.ask('GET', '/v1/openapi.json', { as: null })).json()) as Document;
    calls = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, one]) => ({ id: one.operationId, method, path, open: (one.security ?? []).length === 0 })),
    );
  });
  afterAll(() => shared.remove());

  test('it is OpenAPI 3.1 and names every operation once', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(new Set(calls.map((call) => call.id)).size).toBe(calls.length);
  });

  test('every operation has a row in the table of permissions, and every row an operation', () => {
    expect([...calls.map((call) => call.id), 'getOpenApi'].sort()).toEqual(Object.keys(OPERATIONS).sort());
  });

  test('docs/reference/api.md names every operation, and no other', () => {
    const page = readFileSync(new URL('../../docs/reference/api.md', import.meta.url), 'utf8');
    const named = [...page.matchAll(/^\| `([a-zA-Z]+)` \| `(GET|POST) (\/\S+)` \| (\w+) \|/gm)].map(
      (row) => `${row[1]} ${row[2]} ${row[3]} ${row[4]}`,
    );
    const real = calls.map((call) => `${call.id} ${call.method.toUpperCase()} ${call.path} ${OPERATIONS[call.id as Operation]}`);
    expect(named.sort()).toEqual([...real, 'getOpenApi GET /v1/openapi.json anyone'].sort());
  });

  test('for every operation: nobody gets 401, a level below gets 403, the level itself gets past the gate', async () => {
    const people = { viewer: 'eve', responder: 'bob', admin: 'operator' } as const;
    for (const call of calls.filter((one) => !one.open)) {
      const path = call.path.replace('{id}', 'INC-1').replace('{approval}', 'x').replace('{step}', 'x');
      const send = (as: string | null): Promise<Response> =>
        shared.ask(call.method.toUpperCase(), path, { as, key: 'matrix-001', ...(call.method === 'post' ? { body: {} } : {}) });
      const statusFor = async (as: string | null): Promise<number> => {
        const response = await send(as);
        await response.body?.cancel();
        return response.status;
      };
      expect([call.id, await statusFor(null)]).toEqual([call.id, 401]);
      const needed = LEVELS.indexOf(OPERATIONS[call.id as Operation]);
      for (const person of Object.values(people)) {
        const roles = person === 'operator' ? ['operator'] : person === 'bob' ? ['comms'] : [];
        const below = LEVELS.indexOf(levelOf({ person, roles })) < needed;
        const status = await statusFor(person);
        expect([call.id, person, below ? status === 403 : status !== 401]).toEqual([call.id, person, true]);
        if (!below && call.id !== 'decideApproval') expect([call.id, person, status]).not.toEqual([call.id, person, 401]);
      }
    }
  });
});
