// The status as text, from an answer of the API: what only shows in trouble.
import pc from 'picocolors';
import { expect, test } from 'vitest';
import { createOutput } from '../../src/cli/output.ts';
import { type Status, statusText } from '../../src/cli/status-text.ts';

const STATUS: Status = {
  version: '0',
  system: 'Shop',
  now: 0,
  pause: { paused: false, by: [] },
  silences: [],
  incidents: { open: 0, list: [] },
  detection: { watermarkAgeMs: 0, lagMs: 0, deadSources: [], crowdedSources: ['whatsapp'] },
};

test.each([
  ['en', 'whatsapp: more series than are told apart'],
  ['pt-BR', 'whatsapp: mais séries do que são distinguidas'],
] as const)('a source with more series than are told apart is named in %s, within the width of the terminal', (lang, words) => {
  const page = { ...createOutput({ json: false, plain: true, env: {} }), colour: pc.createColors(false), width: 60, lang };
  const text = statusText({ status: STATUS, triggers: [], summaries: [], past: [] }, page);
  expect(text).toContain(words);
  expect(text.split('\n').filter((line) => line.length > 60)).toEqual([]);
  const { crowdedSources: _none, ...detection } = STATUS.detection;
  expect(statusText({ status: { ...STATUS, detection }, triggers: [], summaries: [], past: [] }, page)).not.toContain('whatsapp');
});

test.each([
  ['en', 'BREAKER OPEN dm/acme  since 2 min', 'the next try is in 13 min', 'BREAKER HALF-OPEN whole'],
  ['pt-BR', 'DISJUNTOR ABERTO dm/acme', 'a próxima tentativa é em 13 min', 'DISJUNTOR MEIO ABERTO whole'],
] as const)('a breaker that is not closed is shown in %s, with the time of the next try', (lang, open, next, half) => {
  const page = { ...createOutput({ json: false, plain: true, env: {} }), colour: pc.createColors(false), width: 80, lang };
  const breakers: Status['breakers'] = [
    { intake: 'dm', line: 'acme', breaker: { state: 'open', failures: 5, since: -120_000, at: -120_000, notBefore: 780_000 } },
    { intake: 'whole', line: '', breaker: { state: 'half-open', since: -5_000 } },
  ];
  const text = statusText({ status: { ...STATUS, breakers }, triggers: [], summaries: [], past: [] }, page);
  for (const words of [open, next, half]) expect(text).toContain(words);
});
