// Times that people type as an answer to a step: each means one instant, or is refused with an example.
import { expect, test } from 'vitest';
import { run } from '../../src/cli/commands/answer.ts';
import type { Context } from '../../src/cli/context.ts';

const task = { step: 'look', checks: [], answers: [{ name: 'since', type: 'time' }], options: [] };

async function answered(text: string): Promise<unknown> {
  const posted: unknown[] = [];
  const client = {
    get: async () => ({ incident: {}, view: { id: 'INC-1', tasks: [task] } }),
    post: async (_path: string, body: unknown) => {
      posted.push(body);
      return { incident: { tasks: {} } };
    },
  };
  const out = { say: () => undefined, data: () => undefined };
  const typed = { args: ['INC-1', 'look'], options: { set: [`since=${text}`] } };
  await run({ out, reach: async () => client, lang: 'en' } as unknown as Context, typed as never);
  return (posted[0] as { readonly answers: { readonly since: unknown } }).answers.since;
}

test('a time with its zone is the instant that it names, to a step as well', async () => {
  expect(await answered('2026-03-01T14:35-03:00')).toBe(Date.UTC(2026, 2, 1, 17, 35));
  expect(await answered('2026-03-01T14:35:00Z')).toBe(Date.UTC(2026, 2, 1, 14, 35));
});

test.each(['2026-03-01T14:35', '2026-03-01', '03/01/2026', '1', '2026-02-30T10:00Z', '2026-12-01T24:00Z'])(
  'the answer %s could be read as another time, and is refused with an example',
  async (text) => {
    await expect(answered(text)).rejects.toMatchObject({
      code: 'BELAY_INPUT_INVALID',
      message: `"${text}" is not a time with its zone, such as 2026-03-01T14:35:00Z or 2026-03-01T14:35-03:00, or now, which since is.`,
    });
  },
);
