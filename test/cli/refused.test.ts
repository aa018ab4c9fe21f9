// `belay refused`: why nothing arrives from a sender, as the door kept it.
import { expect, onTestFinished, test } from 'vitest';
import { openRefusals } from '../../src/server/refusals.ts';
import { realTime } from '../server/story.ts';
import { livingDoor } from './belay.ts';

test('what was refused is listed with its reason, of one source or all, and with bodies when they are asked for', async () => {
  const refusals = await openRefusals({ time: realTime() });
  const door = await livingDoor({ refusals });
  onTestFinished(() => door.remove());
  expect((await door.belay(['refused'])).out).toContain('Nothing was refused');
  expect((await door.belay(['refused', '--lang', 'pt-BR'])).out).toContain('Nada foi recusado nos últimos 7 dias.');
  refusals.add({ source: 'hooks', status: 400 }, () => ({
    reason: 'body.data is not there',
    method: 'POST',
    path: '/x',
    bytes: 9,
    body: '{"a":\n1}\u001b[2J',
  }));
  refusals.add({ source: 'other', status: 401 }, () => ({
    reason: 'the token is another one',
    method: 'POST',
    path: '',
    bytes: null,
    body: null,
  }));
  const all = await door.belay(['refused', '--plain']);
  expect(all.out).toMatch(/hooks {2}400 {2}POST \/in\/hooks\/x {2}9 bytes\n {2}body\.data is not there/);
  expect(all.out).toMatch(/other {2}401 {2}POST \/in\/other {2}not read/);
  expect(all.out).not.toContain('"a"');
  const ptBr = await door.belay(['refused', '--body', '--plain', '--lang', 'pt-BR']);
  expect(ptBr.out).toMatch(
    /other {2}401 {2}POST \/in\/other {2}não lido\n {2}the token is another one\n {2}\| \(recusado antes de ser lido\)/,
  );
  const one = await door.belay(['refused', 'hooks', '--body', '--plain']);
  expect(one.out).toContain('  | {"a":\n  | 1}');
  expect(one.out).not.toContain('\u001b');
  expect(one.out).not.toContain('other');
  expect((await door.belay(['refused', 'hooks', '--json'])).json()).toMatchObject({ refused: [{ source: 'hooks', status: 400 }] });
});
