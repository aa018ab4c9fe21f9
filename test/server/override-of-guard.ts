// A guard that stops the plan of the story, and that its commander may override: in the plan, and as what its approval asks for.
import type { GuardVerdict } from '../../src/domain/guardrail.ts';
import type { Story } from './story.ts';

export const OLD_BACKUP: GuardVerdict = {
  ...{ guard: 'fresh-backup', answer: 'fail', reason: 'fresh', facts: {} },
  override: ['commander'],
};

export async function withOldBackup({ plan, approval, world, incident, add }: Story): Promise<void> {
  Object.assign(plan, { guards: [OLD_BACKUP] });
  const asked = (await world.incidents.load(incident))?.approvals[approval];
  if (asked === undefined) throw new Error('the story asks for no approval');
  const { id, step, planHash, from, min, fourEyes, expiresAt } = asked;
  const data = { id, step, planHash, from, min, fourEyes, expiresAt, override: OLD_BACKUP };
  await add([{ type: 'approval.requested', data, at: world.time.now(), actor: { kind: 'engine', id: 'belay' } }]);
}
