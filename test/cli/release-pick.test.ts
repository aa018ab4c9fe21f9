// The list of releases that people choose from: what stands in a line, and what was meant by what they type.
import { describe, expect, it } from 'vitest';
import { choiceText, chosen, pickRelease } from '../../src/cli/release-pick.ts';
import type { ReleaseChoice, ReleaseOffer } from '../../src/flows/release-choice.ts';

const DAY = 86_400_000;
const NOW = 100 * DAY;
const offer = (ref: string, o: Partial<ReleaseOffer> = {}): ReleaseOffer => ({
  ...{ ref, version: ref, createdAt: NOW - 3 * DAY, isLive: false, kind: null, healthyMs: 0, stableSince: null, notRestorable: null },
  ...{ rolledAway: false, smoke: null, verdict: null, unknown: null },
  ...o,
});
const CHOICE: ReleaseChoice = {
  ...{ input: 'to', target: 'app', live: 'v3' },
  releases: [
    offer('v3', { isLive: true }),
    offer('v2', { stableSince: NOW - 2 * DAY, smoke: 'pass', verdict: 'code-only' }),
    offer('2', { verdict: 'restore', rolledAway: true }),
    offer('v0', { notRestorable: 'pruned' }),
    offer('v-1', { unknown: 'it lies behind v2' }),
  ],
};
const plain = (text: string): string => text;
const page = (lang: 'en' | 'pt-BR') => ({
  ...{ lang, width: 100 },
  colour: { bold: plain, green: plain, red: plain, yellow: plain } as never,
  marks: { dot: '·' } as never,
});

describe('the list', () => {
  it('says of each release its age, whether it is live or stable, and what a rollback to it would mean, in both languages', () => {
    expect(choiceText(CHOICE, NOW, page('en')).split('\n')).toEqual([
      'to: releases of app',
      '   1  v3   live · 3 d ago',
      '   2  v2   3 d ago · stable for 2 d · smoke test passed · code-only',
      '   3  2    3 d ago · rolled away from in an incident · restore',
      '   4  v0   3 d ago · cannot be put back: pruned',
      '   5  v-1  3 d ago · it lies behind v2',
    ]);
    expect(choiceText(CHOICE, NOW, page('pt-BR'))).toContain('v2   3 d atrás · estável há 2 d · teste de fumaça passou · code-only');
  });

  it('is answered by a number or a name; a name wins over the number that it looks like, and anything else is nothing', () => {
    expect(['1', 'v2', '2', '5', '6', '0', '', 'v9', '1e0', ' 1'].map((typed) => chosen(CHOICE, typed))).toEqual([
      ...['v3', 'v2', '2', 'v-1', null, null, null, null, null, null],
    ]);
  });

  it('is shown and not asked where nobody sits at the terminal', async () => {
    const said: string[] = [];
    const out = { ...page('en'), interactive: false, say: (line: string) => said.push(line) };
    await expect(pickRelease({ out, lang: 'en' } as never, CHOICE)).rejects.toMatchObject({
      code: 'BELAY_INPUT_INVALID',
      hint: 'Write --input to=<release>. The releases: belay releases app',
    });
    expect(said[0]).toContain('releases of app');
  });
});
