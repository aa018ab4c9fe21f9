// Actions of the user's own, from belay.yaml to a server: the contract of actions, arguments that try to lead elsewhere, bad days, and mistakes
// in the file.
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { actionContract } from '../../contracts/action.ts';
import { folderOf } from '../../world/scenes/folder.ts';
import { startCrm } from '../../world/vendors/crm.ts';

const KEY = 'hunter2-key-of-the-crm';
const FREEZE = (url: string): string => `belay: 1
name: CRM
organizations: { acme: {} }
actions:
  crm.freeze:
    with: { org: org }
    headers: { authorization: "Bearer {env.KEY}" }
    observe: { get: "${url}/orgs/{org}/stages" }
    state: 'json.frozen == true ? "frozen" : "open since " + string(json.revision)'
    reached: json.frozen == true
    desired: frozen
    act: { method: PATCH, url: "${url}/orgs/{org}/stages", body: { frozen: true } }
    timeout: 1s
`;

/** What the file says, opened; `with` is what a runbook gives. */
async function crmOf() {
  const server = await startCrm(KEY);
  server.stages.set('acme', { frozen: false, flow: 'v2', revision: 1 });
  const { folder, loaded } = await inFolder(FREEZE(server.url));
  const { system, diagnostics } = loaded;
  expect([folder.length > 0, diagnostics.filter((one) => one.severity === 'error')]).toEqual([true, []]);
  const own = { specs: system?.actions ?? [], http: createHttp({ allow: ['127.0.0.1'] }), expression: createCel() };
  const action = createActions({ targets: {}, switches: {}, own, pause: null as never })['crm.freeze'];
  return { server, action: action ?? expect.fail('no action') };
}

async function inFolder(yaml: string) {
  const { folder, loaded } = folderOf({ yaml, steps: '### Look\n- [ ] Seen\n', env: { KEY } });
  return { folder, loaded: loaded() };
}

actionContract('crm.freeze of belay.yaml', async () => {
  const { server, action } = await crmOf();
  const interfere = async () => void server.stages.set('acme', { frozen: false, flow: 'v2', revision: 2 });
  return { action, args: { org: 'acme' }, interfere, close: () => server.close() };
});

describe('an action of one’s own', () => {
  test('is refused when what it looks at has changed since it was planned', async () => {
    const { server, action } = await crmOf();
    onTestFinished(() => server.close());
    const { fingerprint } = await action.observe({ org: 'acme' });
    server.stages.set('acme', { frozen: false, flow: 'v1', revision: 2 });
    const order = { expected: fingerprint, key: 'k', reason: 'r' };
    await expect(action.act({ org: 'acme' }, order)).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
    expect(server.ledger).toEqual([]);
  });

  test.each(['../globex', 'a/b?x=1#y', '%2e%2e', '@evil.example', '//evil.example/'])('takes %j as one part of a path', async (org) => {
    const { server, action } = await crmOf();
    onTestFinished(() => server.close());
    await expect(action.observe({ org })).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' });
    expect(server.asked.map((one) => one.path)).toEqual([`/orgs/${encodeURIComponent(org)}/stages`]);
  });

  test.each(['..', '.'])('does not take %j for a part of a path, which would make it another address: nothing is asked', async (org) => {
    const { server, action } = await crmOf();
    onTestFinished(() => server.close());
    await expect(action.observe({ org })).rejects.toMatchObject({
      effect: 'none',
      message: expect.stringContaining('a step of dots') as string,
    });
    expect(server.asked).toEqual([]);
  });

  test.each([
    ['error-500', 'BELAY_TIMEOUT', 'unknown'],
    ['forbidden', 'BELAY_ACT_FAILED', 'none'],
    ['moved', 'BELAY_TIMEOUT', 'unknown'],
    ['stall', 'BELAY_TIMEOUT', 'unknown'],
    ['done-then-cut', 'BELAY_TIMEOUT', 'unknown'],
  ] as const)('on a bad day (%s) says %s and the effect %s, and never its secret', async (mood, code, effect) => {
    const { server, action } = await crmOf();
    onTestFinished(() => server.close());
    const { fingerprint } = await action.observe({ org: 'acme' });
    Object.assign(server, { mood, moodFor: (one: { method: string }) => one.method === 'PATCH' });
    const error = await action.act({ org: 'acme' }, { expected: fingerprint, key: 'k', reason: 'r' }).catch((one: unknown) => one);
    expect(error).toMatchObject({ code, effect });
    expect(String((error as Error).message)).not.toContain(KEY);
  });

  test.each<readonly [string, string, RegExp]>([
    ['http://x/orgs/{org}/stages', 'http://{org}.x/', /host is fixed/],
    ['{ frozen: true }', '{ frozen: "{orgg}" }', /it has \{orgg\}/],
    ['json.frozen == true', 'json.frozen ==', /./],
    ['crm.freeze:', 'deploy.freeze:', /among Belay's own actions/],
    ['crm.freeze:', 'freeze:', /cannot be a name/],
    ['{ org: org }', '{ org: person }', /org is "person"/],
  ])('with %j written as %j is told at its place', async (right, wrong, told) => {
    const { loaded } = await inFolder(FREEZE('http://x').replace(right, wrong));
    const errors = loaded.diagnostics.filter((one) => one.severity === 'error');
    expect(errors.map((one) => `${one.message} ${one.expected ?? ''}`).join('\n')).toMatch(told);
    expect(errors.every((one) => one.file.endsWith('belay.yaml') && one.line > 3)).toBe(true);
  });
});
