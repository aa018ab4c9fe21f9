// What a plan says of each kind of step, word for word, in both languages: conditions that are false already, those that nobody can tell yet,
// and acts of which something is not known.
import { expect, it } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { planText } from '../../src/cli/plan-text.ts';
import type { Step } from '../../src/domain/ir.ts';
import type { PlanStep } from '../../src/domain/plan.ts';
import { makePlan } from '../../src/flows/plan.ts';
import { play, runbookOf, STEP } from '../world/scenes/play.ts';

const plain = (text: string): string => text;
const LOOK = {
  width: 100,
  colour: { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain } as never,
  marks: { done: '+', failed: 'x', unknown: '?', arrow: '→' } as never,
};
const base = (id: string) => ({ ...STEP, id, title: id });
const STEPS = [
  { ...base('ask'), kind: 'manual', checks: [], count: 1, answers: { sure: { type: 'bool' } }, who: 'commander' },
  { ...base('agree'), kind: 'approve', from: ['commander'], min: 1, fourEyes: false, show: [], onTimeout: 'escalate' },
  { ...base('way'), kind: 'choose', arms: { a: { title: 'A', human: true }, b: { title: 'B', human: true } } },
  {
    ...base('freeze'),
    kind: 'do',
    do: 'deploy.freeze',
    with: { target: 'shop' },
    verify: [],
    undo: { do: 'deploy.thaw', with: { target: 'shop' } },
    when: 'big',
  },
  {
    ...base('switch'),
    kind: 'do',
    do: 'deploy.rollback',
    with: { target: 'shop', to: 'v1.0.0' },
    verify: [],
    irreversible: 'it is',
    when: 'steps.ask.out.sure',
  },
  {
    ...base('later'),
    kind: 'do',
    do: 'deploy.activate',
    with: { target: 'shop', to: '{steps.ask.out.to}' },
    verify: [],
    irreversible: 'it is',
  },
  { ...base('gone'), kind: 'do', do: 'deploy.vanish', with: { target: 'shop', to: 'v9' }, verify: [], irreversible: 'it is' },
  { ...base('back'), kind: 'do', do: 'belay.undo', with: { steps: ['switch'] }, verify: [] },
  { ...base('check'), kind: 'verify', mode: 'all', everyMs: 1, timeoutMs: 1, checks: [], when: '!big' },
  { ...base('watch'), kind: 'watch', forMs: 1, everyMs: 1, mode: 'all', strict: 1, checks: [] },
  { ...base('rest'), kind: 'wait', forMs: 1 },
  { ...base('tell'), kind: 'notify', template: 'initial', to: ['team'] },
  { ...base('keep'), kind: 'collect', from: [] },
] as unknown as readonly Step[];

const linesOf = (text: string): readonly string[] => text.split('\n').map((line) => line.trimEnd());

async function planned() {
  const runbook = runbookOf(() => STEPS, { start: 'ask', inputs: { big: { type: 'bool', required: true } }, evidence: [], clocks: {} });
  const one = await play({ runbook, parts: () => ({ expression: createCel() }) });
  const pinned = one.world.runbooks[runbook.id];
  if (pinned === undefined) throw new Error('no runbook');
  return makePlan(one.world, pinned, { inputs: { big: false }, incident: { id: 'INC-?' }, outputs: {} });
}

it('says of each step in English what it would do, what is skipped already and why, and what hangs on an answer', async () => {
  const text = linesOf(planText(await planned(), { ...LOOK, lang: 'en' }));
  expect(text.slice(text.indexOf('steps') + 1)).toMatchInlineSnapshot(`
    [
      "Plan of deploy-rollback 1.0.0  012afbe9  inputs: big=false",
      "012afbe9acfbfeb9c8ff6d8e7f09d7b1632c4accf6d3776917254894a63b565e",
      "",
      "STEPS",
      "   1  ask                                               manual",
      "   2  agree                                             approve",
      "   3  way                                               choose",
      "   4  freeze",
      "      skipped, because it is not so: big",
      "      deploy.freeze target=shop   open → frozen",
      "      undo: deploy.thaw target=shop",
      "   5  switch                                            changes, if so",
      "      only when steps.ask.out.sure",
      "      deploy.rollback target=shop to=v1.0.0   v1.1.0 → v1.0.0",
      "      cannot be taken back: it is",
      "   6  later                                             not known yet",
      "      deploy.activate target=shop to="{steps.ask.out.to}"",
      "      cannot be taken back: it is",
      "   7  gone                                              not known yet",
      "      deploy.vanish target=shop to=v9",
      "      cannot be taken back: it is",
      "   8  back                                              not known yet",
      "      belay.undo steps=["switch"]",
      "   9  check                                             verify",
      "      only when !big",
      "  10  watch                                             watch",
      "  11  rest                                              wait",
      "  12  tell                                              notify",
      "  13  keep                                              collect",
      "",
      "NOT KNOWN",
      "  ? later: no value yet for {steps.ask.out.to}",
      "  ? gone: there is no action deploy.vanish",
      "  ? back: takes back what will have been done by then",
    ]
  `);
});

it('says the same in Portuguese, its reasons too', async () => {
  const text = linesOf(planText(await planned(), { ...LOOK, lang: 'pt-BR' }));
  expect(text.slice(3)).toMatchInlineSnapshot(`
    [
      "PASSOS",
      "   1  ask                                               manual",
      "   2  agree                                             approve",
      "   3  way                                               choose",
      "   4  freeze",
      "      fica de fora, porque não é o caso: big",
      "      deploy.freeze target=shop   open → frozen",
      "      desfazer: deploy.thaw target=shop",
      "   5  switch                                            muda, se for o caso",
      "      só quando steps.ask.out.sure",
      "      deploy.rollback target=shop to=v1.0.0   v1.1.0 → v1.0.0",
      "      não pode ser desfeito: it is",
      "   6  later                                             ainda não se sabe",
      "      deploy.activate target=shop to="{steps.ask.out.to}"",
      "      não pode ser desfeito: it is",
      "   7  gone                                              ainda não se sabe",
      "      deploy.vanish target=shop to=v9",
      "      não pode ser desfeito: it is",
      "   8  back                                              ainda não se sabe",
      "      belay.undo steps=["switch"]",
      "   9  check                                             verify",
      "      só quando !big",
      "  10  watch                                             watch",
      "  11  rest                                              wait",
      "  12  tell                                              notify",
      "  13  keep                                              collect",
      "",
      "NÃO SE SABE",
      "  ? later: ainda sem valor para {steps.ask.out.to}",
      "  ? gone: não existe a ação deploy.vanish",
      "  ? back: desfaz o que tiver sido feito até lá",
    ]
  `);
});

it('keeps the fingerprint of a target that only a skipped step would have moved', async () => {
  const moved = STEPS.map((step) =>
    step.id === 'freeze' ? { ...step, do: 'deploy.rollback', with: { target: 'shop', to: 'v1.0.0' } } : step,
  ) as readonly Step[];
  const runbook = runbookOf(() => moved.slice(3, 5), { inputs: { big: { type: 'bool', required: true } } });
  const one = await play({ runbook, parts: () => ({ expression: createCel() }) });
  const of = async (big: boolean): Promise<readonly PlanStep[]> =>
    (await one.commands.plan({ runbook: runbook.id, inputs: { big } })).steps;
  expect((await of(false)).map((step) => [step.skipped, step.expected])).toEqual([
    ['big', 'v1.1.0@1'],
    [undefined, 'v1.1.0@1'],
  ]);
  expect((await of(true)).map((step) => [step.skipped, step.expected])).toEqual([
    [undefined, 'v1.1.0@1'],
    [undefined, undefined],
  ]);
});
