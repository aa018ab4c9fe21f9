// "Safe to roll back?" beside the database: flags and settings that a release never ran with, from belay.yaml and a runbook on real folders of
// releases, a real file of flags and a real file of variables. The judges are the plan that people read, and what is on disk.
import { readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { planText } from '../../src/cli/plan-text.ts';
import { choose } from '../../src/flows/decide.ts';
import { noteReleases } from '../../src/flows/releases.ts';
import { playFiles, writeReleases } from '../world/scenes/files.ts';

const plain = (text: string): string => text;
const plainLook = (lang: 'en' | 'pt-BR') => ({
  ...{ lang, width: 120 },
  colour: { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain } as never,
  marks: { done: '+', failed: 'x', unknown: '?', arrow: '→' } as never,
});
const SYSTEM = `components: { app: { title: App }, other: { title: Other } }
targets:
  app: { component: app, driver: release-directory, root: service, reload: ["true"], flags: flags.json }
flags:
  voice: { component: app, driver: json-file, file: flags.json }
  elsewhere: { component: other, driver: json-file, file: flags.json }
config:
  env: { component: app, driver: env-file, file: app.env }
`;
const BACK = `### Put the release before back {#back}
\`\`\`belay do deploy.rollback
with: { target: app, to: v1 }
undo: { do: deploy.activate, with: { target: app, to: "{release.current}" } }
\`\`\`
`;
const OFF = `### Turn it off {#off}
\`\`\`belay do flag.set
with: { flag: voice, to: off }
undo: { do: flag.set, with: { flag: voice, to: on } }
\`\`\`

### See it off {#seen}
\`\`\`belay verify
all: [{ probe: flag, with: { flag: voice }, expect: "!on" }]
timeout: 2s
\`\`\`
`;
const ON = OFF.split('### See')[0]?.replace('Turn it off {#off}', 'Turn it on {#on}').replace('voice, to: off }', 'voice, to: on }') ?? '';
const MAYBE = 'when: "inputs.quick"\n';
const LOOK = (arms: string) => `### Look {#look}\n\`\`\`belay choose\nask: "How bad is it?"\narms: { ${arms} }\n\`\`\`\n\n`;
const INPUT = (id: string) => `---\nbelay: 1\nid: ${id}\ninputs: { quick: { type: bool, default: true } }\n---\n\n# ${id}\n\n`;
const RUNBOOKS = {
  back: `## Do\n\n${BACK}`,
  first: `## Do\n\n${OFF}\n${BACK}`,
  late: `## Do\n\n${BACK}\n${OFF}`,
  maybe: `${INPUT('maybe')}## Do\n\n${OFF.replace('with: { flag: voice, to: off }', `${MAYBE}with: { flag: voice, to: off }`)}\n${BACK}`,
  off: `## Do\n\n${OFF}`,
  'maybe-called': `${INPUT('maybe-called')}## Do\n\n### Off {#quiet}\n\`\`\`belay call off\n${MAYBE}\`\`\`\n\n${BACK}`,
  'arm-past': `## Do\n\n${LOOK('bad: { title: Bad, goto: back }, mild: { title: Mild }')}${OFF}\n${BACK}`,
  'arm-along': `## Do\n\n${LOOK('bad: { title: Bad, goto: off }, mild: { title: Mild }')}${OFF}\n${BACK}`,
  'fails-past': `## Do\n\n${OFF.replace('with: { flag: voice, to: off }', 'fail: continue\nwith: { flag: voice, to: off }')}\n${BACK}`,
  'on-again': `## Do\n\n${OFF}\n${ON}${BACK}`,
};

/** v1 ran with the flag off and some variables; then v2 went live, and Belay saw both. */
async function shop(o: { readonly releases?: Readonly<Record<string, Readonly<Record<string, string>>>>; readonly seen?: boolean } = {}) {
  const files = { 'flags.json': '{ "voice": false, "elsewhere": true }', 'app.env': 'PORT=1\nAPI_KEY=the-first-key\nOLD_URL=x\n' };
  const one = await playFiles({ system: SYSTEM, runbooks: RUNBOOKS, files });
  const { folder, world, clock } = one;
  writeReleases(folder, o.releases ?? { v1: { app: '1' }, v2: { app: '2' } });
  const link = (release: string): void => {
    symlinkSync(path.join('releases', release), path.join(folder, 'service/next'));
    renameSync(path.join(folder, 'service/next'), path.join(folder, 'service/current'));
  };
  const note = async (): Promise<void> => {
    await clock.during(noteReleases(world));
    await clock.advance(60_000);
  };
  const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
  link('v1');
  if (o.seen !== false) await note();
  link('v2');
  await note();
  const judged = async (runbook = 'back') => {
    const plan = await one.plan(runbook);
    return { plan, verdict: plan.safety?.verdict, whys: (plan.safety?.reasons ?? []).map((reason) => `${reason.why} ${reason.database}`) };
  };
  return { ...one, link, note, write, judged };
}

const declaring = (means: string) => ({ 'flags.json': JSON.stringify({ voice: { default: false, means } }) });

describe('a flag that the release never ran with', () => {
  it('is named in the plan with what to do, and Belay does not act alone; turned off and seen off before the switch it is no hindrance', async () => {
    const one = await shop();
    expect((await one.judged()).plan.safety).toBeUndefined();
    one.write('flags.json', '{ "voice": true, "elsewhere": true }');
    const { plan, verdict, whys } = await one.judged();
    expect([verdict, whys]).toEqual(['flags-first', ['flag-changed voice']]);
    expect(choose('auto', plan, [])).toEqual({ choice: 'ask', reason: 'safety: flag-changed' });
    expect(planText(plan, plainLook('en'))).toContain('flags-first: yes, once the flags are off');
    expect(planText(plan, plainLook('en')).replaceAll(/\s+/g, ' ')).toContain(
      'flag voice: is true now, which v1 never ran with: turn it off first, see it off, then switch',
    );
    expect(planText(plan, plainLook('pt-BR')).replaceAll(/\s+/g, ' ')).toContain('desligue-a antes, veja que está desligada, depois volte');
    expect((await one.judged('late')).whys).toEqual(['flag-changed voice', 'flag-off-late voice']);
    const first = await one.judged('first');
    expect([first.verdict, first.whys]).toEqual(['code-only', ['flag-off-first voice']]);
    expect(choose('auto', first.plan, []).choice).toBe('act');
    await one.run('first');
    expect(await one.finished()).toEqual({ outcome: 'done', reason: '' });
    expect(await one.statusOf()).toEqual({ off: 'done', seen: 'done', back: 'done' });
    expect(JSON.parse(readFileSync(path.join(one.folder, 'flags.json'), 'utf8'))).toEqual({ voice: false, elsewhere: true });
    expect(readlinkSync(path.join(one.folder, 'service/current'))).toBe('releases/v1');
  });

  it('is no less in the way where the step that turns it off may be skipped, may fail, or is followed by one that turns it on', async () => {
    const one = await shop();
    one.write('flags.json', '{ "voice": true, "elsewhere": true }');
    for (const runbook of ['maybe', 'maybe-called', 'arm-past', 'fails-past', 'on-again'])
      expect({ runbook, ...(await one.judged(runbook)) }).toMatchObject({ runbook, verdict: 'flags-first', whys: ['flag-changed voice'] });
    expect((await one.judged('arm-along')).whys).toEqual(['flag-off-first voice']);
  });

  it('is still one that it never ran with after a hand has put the release back for a few minutes', async () => {
    const one = await shop();
    one.write('flags.json', '{ "voice": true, "elsewhere": true }');
    for (const release of ['v1', 'v1', 'v1', 'v2']) {
      one.link(release);
      await one.note();
    }
    expect((await one.judged()).whys).toEqual(['flag-changed voice']);
  });

  it('by its name alone counts, too: what the release calls so may be something else, and a broken list of flags is no list', async () => {
    const one = await shop({ releases: { v1: declaring('Power Peg'), v2: declaring('retail liquidity') } });
    // On then and now: only the meaning has changed.
    one.write('flags.json', '{ "voice": true, "elsewhere": true }');
    const seen = { flags: { voice: '[["",true]]' }, configs: (await one.world.releases.surroundings('app', 'v1'))?.configs ?? {} };
    await one.world.releases.keep('app', 'v1', seen);
    expect((await one.judged()).whys).toEqual(['flag-reused voice']);
    writeFileSync(path.join(one.folder, 'service/releases/v1/flags.json'), JSON.stringify({ voice: { default: true } }));
    expect((await one.judged()).whys).toEqual(['flag-default voice']);
    writeFileSync(path.join(one.folder, 'service/releases/v1/flags.json'), '{"voice":');
    expect((await one.judged()).whys).toEqual(['flag-unreadable voice']);
    writeFileSync(path.join(one.folder, 'service/releases/v1/flags.json'), '{}');
    expect((await one.judged()).plan.safety).toBeUndefined();
  });

  it('or that nobody saw then, or cannot read now, is taken for on', async () => {
    const unseen = await shop({ seen: false });
    unseen.write('flags.json', '{ "voice": true }');
    expect((await unseen.judged()).whys).toEqual(['flag-unseen voice', 'config-unseen env']);
    const one = await shop();
    one.write('flags.json', '{ broken');
    expect(await one.judged()).toMatchObject({ verdict: 'flags-first', whys: ['flag-unreadable voice'] });
    // A look that fails does not overwrite what was seen.
    await one.note();
    rmSync(path.join(one.folder, 'flags.json'));
    expect(await one.judged()).toMatchObject({ verdict: 'flags-first' });
    one.write('flags.json', '{ "voice": false }');
    expect((await one.judged()).plan.safety).toBeUndefined();
  });
});

describe('settings that have drifted since the release ran', () => {
  it('are listed by name and never by value, and what the release would lack keeps Belay from acting alone', async () => {
    const one = await shop();
    one.write('app.env', 'PORT=2\nAPI_KEY=the-second-key\nNEW_URL=y\n');
    const { plan, verdict, whys } = await one.judged();
    expect([verdict, whys]).toEqual(['code-only', ['config-added env', 'config-lacks env', 'config-changed env', 'config-rotated env']]);
    expect(choose('auto', plan, [])).toEqual({ choice: 'ask', reason: 'safety: config-lacks' });
    const text = planText(plan, plainLook('en')).replaceAll(/\s+/g, ' ');
    expect(text).toContain('settings env: v1 ran with OLD_URL, and would not find them any more');
    expect(text).toContain('settings env: API_KEY were rotated since; they stay as they are now');
    expect(JSON.stringify([plan, await one.world.releases.surroundings('app', 'v1')])).not.toMatch(/the-first-key|the-second-key/);
    one.write('app.env', 'PORT=1\nAPI_KEY=the-second-key\nOLD_URL=x\n');
    const kept = await one.judged();
    expect(kept.whys).toEqual(['config-rotated env']);
    expect(choose('auto', kept.plan, []).choice).toBe('act');
    one.write('app.env', 'PORT="1\n');
    expect(await one.judged()).toMatchObject({ whys: ['config-unreadable env'] });
  });
});
