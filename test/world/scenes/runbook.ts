// The deploy runbook of the example as IR, small enough to read: for scenes that need no Markdown.
import type { Runbook, Step } from '../../../src/domain/ir.ts';

const base = { text: '', fail: { then: 'stop' as const }, meets: [], evidence: [] };

export function deployRunbook(change: Partial<Runbook> = {}): Runbook {
  const steps: Step[] = [
    { ...base, kind: 'notify', id: 'tell', title: 'Tell', template: 'initial', to: ['team'], promiseMs: 900_000 },
    {
      ...base, kind: 'do', id: 'freeze', title: 'Freeze deploys', do: 'deploy.freeze', with: { target: 'shop' }, verify: [],
      undo: { do: 'deploy.thaw', with: { target: 'shop' } }, contingency: { owner: 'commander', expiresMs: 604_800_000 },
    },
    {
      ...base, kind: 'do', id: 'switch', title: 'Switch back', do: 'deploy.rollback', with: { target: 'shop', to: '{release.previous}' }, timeoutMs: 5_000,
      undo: { do: 'deploy.activate', with: { target: 'shop', to: '{release.current}' } }, verify: [],
    },
    {
      ...base, kind: 'verify', id: 'answers', title: 'Answers', mode: 'all', everyMs: 1_000, timeoutMs: 30_000, meets: ['mitigate'], evidence: ['restored-at'],
      fail: { then: 'ask' }, checks: [{ probe: 'http', with: { url: 'http://shop/' }, expect: 'ok == tried' }],
    },
    {
      ...base, kind: 'watch', id: 'watch', title: 'Watch', forMs: 10_000, everyMs: 1_000, mode: 'all', strict: 1, fail: { then: 'ask' },
      checks: [{ probe: 'http', with: { url: 'http://shop/' }, expect: 'ok == tried' }],
    },
    { ...base, kind: 'notify', id: 'stable', title: 'Tell that it is stable', template: 'stabilised', to: ['team'] },
  ];
  return {
    belay: 1, irSemantics: 1, id: 'deploy-rollback', title: 'Roll back', version: '1.0.0', lang: 'en', owner: 'commander', visibility: 'internal',
    severity: 'P1', components: ['shop'], inputs: {}, roles: { commander: { is: 'commander' } },
    clocks: { mitigate: { from: 'detected', budgetMs: 900_000, until: [], warn: 0.8 } },
    triggers: ['http-5xx'], start: 'auto', require: [], never: [], evidence: ['detected-at', 'trigger', 'decision', 'restored-at'], text: '',
    phases: [{ id: 'all', title: 'All', text: '', steps }], templates: {}, ...change,
  };
}
