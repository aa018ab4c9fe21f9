// `belay run` on a run at work, as people type it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withOldBackup } from '../server/override-of-guard.ts';
import { type LivingDoor, livingDoor } from './belay.ts';

let door: LivingDoor;
beforeEach(async () => {
  door = await livingDoor();
});
afterEach(() => door.remove());

test('a run is stopped or taken over by its incident, and what was asked arrives as it was typed', async () => {
  const abort = await door.belay(['run', '--abort', '1', '--reason', 'wrong release']);
  expect({ code: abort.code, err: abort.err }).toEqual({ code: 0, err: '' });
  expect(abort.out).toContain('The run of INC-1 is stopped; nothing was taken back');
  const taken = await door.belay(['run', '--take-over', 'INC-1']);
  expect(taken.out).toContain('Let it go on: belay run --continue INC-1');
  const on = await door.belay(['run', '--continue', 'INC-1', '--skip', 'look', '--reason', 'seen already', '--detach']);
  expect(on.out).toContain('The run of INC-1 goes on.');
  const asked = door.story.commands.asked.filter((one) => one.startsWith('steer')).map((one) => one.replace(/^steer \S+ /, ''));
  expect(asked).toEqual(['abort wrong release', 'takeOver', 'skip look seen already', 'continue']);
});

test('what does not fit together is refused with what to type', async () => {
  const both = await door.belay(['run', 'org-rollback', '--abort', 'INC-1']);
  expect([both.code, both.err]).toEqual([2, expect.stringContaining('one of them at a time')]);
  const bare = await door.belay(['run', '--continue', 'INC-1', '--skip', 'look']);
  expect([bare.code, bare.err]).toEqual([2, expect.stringContaining('Add --reason')]);
  const none = await door.belay(['run']);
  expect([none.code, none.err]).toEqual([2, expect.stringContaining('Which runbook?')]);
});

test('a guard is overridden by its name and a reason, at the start and where a run asks; what to type stands beside it', async () => {
  await withOldBackup(door.story);
  const plan = await door.belay(['plan', 'org-rollback', '--org', 'acme']);
  expect(plan.out.replaceAll(/\s+/g, ' ')).toContain(
    'commander may override it: belay run org-rollback --override fresh-backup --reason "…"',
  );
  const bare = await door.belay(['run', 'org-rollback', '--org', 'acme', '--override', 'fresh-backup', '--yes']);
  expect([bare.code, bare.err]).toEqual([2, expect.stringContaining('Add --reason')]);
  await door.belay(['run', 'org-rollback', '--org', 'acme', '--override', 'fresh-backup', '--reason', 'it will do', '--yes', '--detach']);
  const short = door.story.plan.planHash.slice(0, 8);
  const silent = await door.belay(['approve', 'INC-1', '--plan', short]);
  expect([silent.code, silent.err]).toEqual([2, expect.stringContaining(`belay approve INC-1 --plan ${short} --reason "<why>"`)]);
  await door.belay(['approve', 'INC-1', '--plan', short, '--reason', 'it will do']);
  const asked = door.story.commands.asked.map((one) => one.replace(/^(run|approve) \S+ /, '$1 '));
  expect(asked).toEqual(['run org-rollback in spite of fresh-backup: it will do', 'approve grant it will do']);
});
