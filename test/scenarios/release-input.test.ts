// An input of type `release`: what is offered, and what is refused before anything begins, for a runbook on a real folder of releases.
import { readlinkSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { planFromServer } from '../../src/cli/plan-of.ts';
import { NOT_TRIED } from '../../src/domain/migrations.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { noteReleases } from '../../src/flows/releases.ts';
import { createFakeDatabase } from '../world/fakes/database.ts';
import { playFiles, writeReleases } from '../world/scenes/files.ts';
import { ANA } from '../world/scenes/play.ts';

const SYSTEM = `components: { app: { title: App } }
targets:
  app: { component: app, driver: release-directory, root: service, reload: ["true"] }
flags:
  voice: { component: app, driver: json-file, file: flags.json }
`;
const BACK = `---
belay: 1
id: back
title: Back
version: 1.0.0
lang: en
severity: P2
components: [app]
inputs:
  to: { type: release, required: true }
---

# Back

## Do

### Put it back {#back}
\`\`\`belay do deploy.rollback
with: { target: app, to: "{to}" }
irreversible: "a test"
\`\`\`
`;

async function shop() {
  const one = await playFiles({ system: SYSTEM, runbooks: { back: BACK }, files: { 'flags.json': '{ "voice": true }' } });
  writeReleases(one.folder, { v1: { app: '1' }, v2: { app: '2' }, v3: { app: '3' } });
  await one.clock.during(noteReleases(one.world));
  return one;
}

const start = (one: Awaited<ReturnType<typeof shop>>, inputs: Readonly<Record<string, string>>) =>
  one.clock.during(one.commands.startRun(ANA, { runbook: 'back', inputs, key: 'r1' }));

describe('a release as an input', () => {
  it('that does not exist, was removed, or is not named is refused with the list of those that there are, and no incident is opened', async () => {
    const one = await shop();
    const list = 'Write --input to=<release>. Of app, newest first: v3 (live), v2, v1. All of them: belay releases app';
    for (const [inputs, what] of [
      [{ to: 'v9' }, '"v9" is no release of app; nothing was started.'],
      [{ to: '../v1' }, '"../v1" is no release of app; nothing was started.'],
      [{}, 'to names no release; nothing was started.'],
    ] as const)
      await expect(start(one, inputs)).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID', message: what, hint: list });
    await expect(one.clock.during(one.plan('back', { to: 'v9' }))).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
    rmSync(path.join(one.folder, 'service/releases/v2'), { recursive: true });
    await expect(start(one, { to: 'v2' })).rejects.toMatchObject({ hint: expect.stringContaining('v3 (live), v1.') });
    expect(await one.world.incidents.list()).toEqual([]);
    await start(one, { to: 'v1' });
    expect(await one.finished()).toEqual({ outcome: 'done', reason: '' });
    expect(readlinkSync(path.join(one.folder, 'service/current'))).toBe('releases/v1');
  });

  it('is offered live with what a rollback to each would mean, and is chosen at the terminal or named on the command line', async () => {
    const one = await shop();
    const choices = await one.clock.during(one.commands.releaseChoices({ runbook: 'back', inputs: {} }));
    expect(choices).toMatchObject([
      {
        ...{ input: 'to', target: 'app', live: 'v3' },
        releases: [
          { ref: 'v3', isLive: true, verdict: null, unknown: null },
          // Nobody saw what the flag was while they ran: that is the worst, and not left out.
          { ref: 'v2', isLive: false, notRestorable: null, verdict: 'flags-first', unknown: null },
          { ref: 'v1', isLive: false, verdict: 'flags-first' },
        ],
      },
    ]);
    const runbooks = [{ id: 'back', inputs: one.world.runbooks['back']?.runbook.inputs ?? {} }];
    const client = {
      get: async (url: string) => (url === '/v1/runbooks' ? { runbooks } : { choices }),
      post: async (_url: string, body: object) => body as Plan & { readonly skip?: readonly string[] },
    };
    const lines: string[] = [];
    const plain = (text: string): string => text;
    const out = {
      ...{ interactive: false, width: 80, say: (line: string) => lines.push(line), marks: { dot: '·' } },
      colour: { bold: plain, green: plain, red: plain, yellow: plain },
    };
    const typed = (input: readonly string[], skip: readonly string[] = []) => ({ args: ['back'], rest: [], options: { input, skip } });
    const asking = (input: readonly string[], skip?: readonly string[]) =>
      planFromServer(client as never, typed(input, skip) as never, { out, lang: 'en' } as never);
    await expect(asking([])).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID', message: 'to names no release; nothing was started.' });
    expect(lines.join('\n')).toMatch(/to: releases of app\n +1 {2}v3 {2}live · .* ago\n +2 {2}v2 {2}\d+ d ago · flags-first\n +3 {2}v1/);
    expect((await asking(['to=v2'])).inputs).toEqual({ to: 'v2' });
    // The plan that people see and say yes to is the one without what they skip.
    expect(await asking(['to=v2'], ['back'])).toMatchObject({ runbook: 'back', skip: ['back'] });
  });

  it('is offered without running a program of any release: what was not tried yet is unknown, and a plan of one release tries it', async () => {
    const one = await shop();
    const known = { v1: ['1_a'], v2: ['1_a', '2_b'], v3: ['1_a', '2_b', '3_c'] };
    const crm = createFakeDatabase({ target: 'app', known, applied: known.v3 });
    const tried: string[] = [];
    const { migrations } = crm;
    if (migrations === null) throw new Error('the database of this test has migrations');
    const program = {
      ...migrations,
      known: async (release: string) => (await migrations.known(release)).map((each) => ({ ...each, untold: NOT_TRIED })),
      tried: async (release: string) => {
        tried.push(release);
        return (await migrations.known(release)).map((each) => ({ ...each, up: '', down: '' }));
      },
    };
    const commands = createCommands({ ...one.world, databases: { crm: { ...crm, migrations: program } } });
    const [choice] = await one.clock.during(commands.releaseChoices({ runbook: 'back', inputs: {} }));
    expect(choice?.releases.map(({ ref, verdict, unknown }) => [ref, verdict, unknown])).toEqual([
      ['v3', null, null],
      ['v2', null, `its migrations are programs, ${NOT_TRIED}`],
      ['v1', null, `its migrations are programs, ${NOT_TRIED}`],
    ]);
    expect(tried).toEqual([]);
    const plan = await one.clock.during(commands.plan({ runbook: 'back', inputs: { to: 'v2' } }));
    expect(tried).toEqual(['v3', 'v2']);
    expect(plan.safety?.verdict).toBe('flags-first');
  });

  it('of a target that does not answer is not refused by its name: the plan says what is wrong', async () => {
    const away = 'targets:\n  app: { component: app, driver: git, remote: "http://127.0.0.1:1/none.git" }\n';
    const one = await playFiles({ system: `components: { app: { title: App } }\n${away}`, runbooks: { back: BACK } });
    const plan = await one.clock.during(one.plan('back', { to: 'v1' }));
    expect(plan).toMatchObject({ steps: [{ effect: 'unknown' }], unknowns: [{ step: 'back' }] });
    await expect(one.clock.during(one.plan('back'))).rejects.toMatchObject({ hint: expect.stringContaining('they cannot be listed') });
  });
});
