// Runbook files that branch, on real folders of releases and a real file of flows: the cause decides which other runbook is carried out, each
// step is proven, and the whole at the end. The judge is what is live.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FilesPlay } from '../world/scenes/files.ts';
import { playFiles, writeReleases } from '../world/scenes/files.ts';
import { ANA } from '../world/scenes/play.ts';

const SYSTEM = `components: { app: { title: App } }
organizations: { acme: { name: ACME }, globex: { name: Globex } }
targets:
  app: { component: app, driver: release-directory, root: service, reload: ["true"] }
switches:
  limits: { component: app, driver: flow-file, file: service/limits.json, values: [loose, strict] }
`;

const MITIGATE = `## Decide

### What is the cause? {#cause}
\`\`\`belay manual
who: commander
within: 5m
answers: { cause: { type: text } }
\`\`\`

### Choose the option {#option}
\`\`\`belay choose
by: steps.cause.out.cause
ask: "Code or configuration?"
arms:
  code: { title: "Option A: put the release before back", call: option-a }
  configuration: { title: "Option B: take the setting back", call: option-b, with: { org: acme, to: loose } }
\`\`\`

## Prove

### The service runs one release {#proven}
\`\`\`belay verify
all: [{ probe: release, with: { target: app }, expect: uniform }]
timeout: 10s
\`\`\`
`;

const OPTION_A = `## Back

### Keep other deployers out {#freeze}
\`\`\`belay do deploy.freeze
with: { target: app }
undo: { do: deploy.thaw, with: { target: app } }
verify: [{ probe: release, with: { target: app }, expect: frozen }]
\`\`\`

### Put the release before back {#back}
\`\`\`belay do deploy.rollback
with: { target: app, to: "{release.previous}" }
undo: { do: deploy.activate, with: { target: app, to: "{release.current}" } }
verify: [{ probe: release, with: { target: app }, expect: 'version == "v1"' }]
\`\`\`

### It is live everywhere {#live}
\`\`\`belay verify
all: [{ probe: release, with: { target: app }, expect: 'version == "v1" && uniform' }]
timeout: 10s
\`\`\`
`;

const OPTION_B = `---
belay: 1
id: option-b
inputs:
  org: { type: org, required: true }
  to: { type: string, required: true, oneOf: [loose, strict] }
---

# Take the setting back

## Back

### Set it {#set}
\`\`\`belay do flow.set
with: { switch: limits, org: "{org}", to: "{to}" }
undo: { do: flow.set, with: { switch: limits, org: "{org}", to: strict } }
verify: [{ probe: flow, with: { switch: limits, org: "{org}" }, expect: 'value == "loose"' }]
\`\`\`
`;

async function scene(): Promise<FilesPlay> {
  const one = await playFiles({ system: SYSTEM, runbooks: { mitigate: MITIGATE, 'option-a': OPTION_A, 'option-b': OPTION_B } });
  writeReleases(one.folder, { v1: { 'a.js': '1' }, v2: { 'a.js': '2' } });
  writeFileSync(path.join(one.folder, 'service/limits.json'), JSON.stringify({ acme: 'strict', globex: 'strict' }));
  return one;
}

const live = async (one: FilesPlay): Promise<string> => (await one.world.targets['app']?.current())?.release ?? '';
const limits = (one: FilesPlay): unknown => JSON.parse(readFileSync(path.join(one.folder, 'service/limits.json'), 'utf8'));
const say = (one: FilesPlay, cause: string) =>
  one.commands.answer(ANA, { incident: 'INC-1', step: 'cause', answers: { cause }, key: cause });

describe('a runbook that mitigates by the cause', () => {
  it('carries out option A, the revert of the deploy, when the cause is code [S1-ST-14, S1-DE-01]', async () => {
    const one = await scene();
    const plan = await one.plan('mitigate');
    expect(plan.steps.map(({ id, effect, when }) => `${id} ${effect}${when === undefined ? '' : ` when ${when}`}`)).toEqual([
      'cause none',
      'option none',
      'option-code none when steps.option.out.choice == "code"',
      'option-code.freeze change',
      'option-code.back change',
      'option-code.live none',
      'option-configuration none when steps.option.out.choice == "configuration"',
      'option-configuration.set change',
      'proven none',
    ]);
    await one.run('mitigate');
    await one.until((incident) => incident.tasks['cause'] !== undefined);
    await say(one, 'code');
    expect(await one.finished()).toEqual({ outcome: 'done', reason: '' });
    expect(await one.statusOf()).toEqual({
      cause: 'done',
      option: 'done',
      'option-code': 'done',
      'option-code.freeze': 'done',
      'option-code.back': 'done',
      'option-code.live': 'done',
      'option-configuration': 'skipped',
      proven: 'done',
    });
    expect(await live(one)).toBe('v1');
    expect(limits(one)).toMatchObject({ acme: 'strict' });
  });

  it('carries out option B, the setting of one organization, when the cause is configuration [S1-DE-02]', async () => {
    const one = await scene();
    await one.run('mitigate');
    await one.until((incident) => incident.tasks['cause'] !== undefined);
    await say(one, 'configuration');
    expect((await one.finished()).outcome).toBe('done');
    expect(await one.statusOf()).toMatchObject({ 'option-code': 'skipped', 'option-configuration.set': 'done' });
    expect(await live(one)).toBe('v2');
    expect(limits(one)).toMatchObject({ acme: 'loose', globex: 'strict' });
  });

  it('asks people when the cause is none that it knows', async () => {
    const one = await scene();
    await one.run('mitigate');
    await one.until((incident) => incident.tasks['cause'] !== undefined);
    await say(one, 'the moon');
    await one.until((incident) => incident.tasks['option'] !== undefined);
    expect((await one.incident()).tasks['option']).toMatchObject({ options: ['code', 'configuration'] });
    expect(await live(one)).toBe('v2');
  });
});

describe('a rollback by its checklist', () => {
  it('goes through the specific runbook step by step, proves each act before the next, and the whole at the end [S2-ST-35, S2-ST-36, S2-ST-37]', async () => {
    const one = await scene();
    await one.run('option-a');
    expect((await one.finished()).outcome).toBe('done');
    const finished = (await one.events()).flatMap((event) => (event.type === 'step.finished' ? [event.data] : []));
    expect(finished.map(({ step, status }) => `${step} ${status}`)).toEqual(['freeze done', 'back done', 'live done']);
    for (const { step, detail } of finished.slice(0, 2))
      expect(detail, step).toMatchObject({ checks: [{ probe: 'release', result: 'pass', known: true }] });
    expect(await one.all('check.recorded')).toMatchObject([{ step: 'live', result: 'pass', values: { version: 'v1', uniform: true } }]);
    expect((await one.incident()).phase).toBe('resolved');
  });

  it('does not go on behind an act whose proof fails', async () => {
    const runbooks = {
      'option-a': OPTION_A.replace(`expect: 'version == "v1"'`, `expect: 'version == "v0"'`).replace(
        'undo: { do: deploy.activate',
        'timeout: 2s\nundo: { do: deploy.activate',
      ),
    };
    const one = await playFiles({ system: SYSTEM, runbooks });
    writeReleases(one.folder, { v1: { 'a.js': '1' }, v2: { 'a.js': '2' } });
    writeFileSync(path.join(one.folder, 'service/limits.json'), '{}');
    await one.run('option-a');
    expect(await one.finished()).toEqual({ outcome: 'failed', reason: 'back: in place, but its checks do not pass' });
    expect(await one.statusOf()).toEqual({ freeze: 'done', back: 'failed' });
  });
});
