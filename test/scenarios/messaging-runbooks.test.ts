// The messaging steps of two rollbacks and of a disaster recovery, as their runbooks write them: real files, run to their end on servers that
// remember. The judge is what the servers hold afterwards.
import { describe, expect, onTestFinished, test } from 'vitest';
import { tasksPanel } from '../../src/server/pages/tasks-panel.ts';
import { snapshot } from '../../src/server/snapshot.ts';
import { WORDS } from '../../src/server/words.ts';
import { BELAY_YAML, type FolderPlay, playFolder } from '../world/scenes/folder.ts';
import { ANA } from '../world/scenes/play.ts';
import { startChatwoot } from '../world/vendors/chatwoot.ts';
import { startCrm } from '../world/vendors/crm.ts';
import { PNG, startEvolution } from '../world/vendors/evolution.ts';
import { startN8n } from '../world/vendors/n8n.ts';
import { startZApi } from '../world/vendors/z-api.ts';

const KEY = 'hunter2-key-of-everything';
const Z = { instance: '3C67AB641C8AA412', token: 'hunter2-token-in-the-address', clientToken: 'hunter2-client-token' };
const NETWORK = 'network: { allow: [127.0.0.1] }\n';
const HOOK = 'https://julia.example.com/webhook/evolution';

async function opened<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  onTestFinished(() => server.close());
  return server;
}

const step = (id: string, block: string): string => `### ${id} {#${id}}\n\`\`\`belay ${block}\n\`\`\`\n\n`;
const statusOf = async (one: FolderPlay, steps: readonly string[]) =>
  Promise.all(steps.map(async (id) => [id, (await one.ended(id))?.status ?? null]));
const nothingLeaks = async (one: FolderPlay): Promise<void> => {
  const all = JSON.stringify(await one.events());
  for (const secret of [KEY, Z.token, Z.clientToken]) expect(all).not.toContain(secret);
};

describe('the message flow of one organization', () => {
  async function worldOf() {
    const [n8n, desk, crm] = [
      await opened(startN8n({ key: KEY })),
      await opened(startChatwoot({ account: 7, token: KEY })),
      await opened(startCrm(KEY)),
    ];
    for (const org of ['acme', 'globex']) {
      n8n.add({ name: `ig-dm-v1-${org}`, path: `ig-${org}`, says: 'flow v1' });
      n8n.add({ name: `ig-dm-v2-${org}`, path: `ig-${org}`, says: 'flow v2', active: true });
      desk.inboxes.push({ id: desk.inboxes.length + 1, name: `IG ${org}`, bot: 5 });
      desk.rules.push({ id: desk.rules.length + 11, name: `welcome ${org}`, active: true });
      crm.stages.set(org, { frozen: false, flow: 'v2', revision: 1 });
    }
    desk.bots.push({ id: 5, name: 'Julia' });
    const look = `get: "${crm.url}/orgs/{org}/stages"`;
    const own = (name: string, state: string, reached: string, desired: string, body: string): string =>
      `  ${name}:
    with: { org: org }
    headers: { authorization: "Bearer {env.KEY}" }
    observe: { ${look} }
    state: '${state}'
    reached: ${reached}
    desired: ${desired}
    act: { method: PATCH, url: "${crm.url}/orgs/{org}/stages", headers: { idempotency-key: "{key}" }, body: ${body} }
`;
    const yaml = `${BELAY_YAML}${NETWORK}integrations:
  flows: { driver: n8n, url: "${n8n.url}", key: "{env.KEY}" }
  desk: { driver: chatwoot, url: "${desk.url}", account: 7, token: "{env.KEY}", inbox: "IG {org}", bot: Julia, rules: ["welcome {org}"] }
actions:
${own('crm.freeze', 'json.frozen == true ? "frozen" : "open"', 'json.frozen == true', 'frozen', '{ frozen: true }')}${own('crm.unfreeze', 'json.frozen == true ? "frozen" : "open"', 'json.frozen == false', 'open', '{ frozen: false }')}${own('crm.stageBack', 'string(json.flow)', 'json.flow == "v1"', 'v1', '{ flow: v1 }')}${own('crm.stageNext', 'string(json.flow)', 'json.flow == "v2"', 'v2', '{ flow: v2 }')}`;
    return { n8n, desk, crm, yaml };
  }
  const org = 'with: { org: "{org}" }';
  const STEPS =
    step('freeze', `do crm.freeze\n${org}\nundo: { do: crm.unfreeze, ${org} }`) +
    step(
      'v2-off',
      `do n8n.deactivate\nwith: { workflow: "ig-dm-v2-{org}" }\nundo: { do: n8n.activate, with: { workflow: "ig-dm-v2-{org}" } }`,
    ) +
    step(
      'fallback-on',
      `do n8n.activate\nwith: { workflow: "ig-dm-v1-{org}", webhookUrl: "{org.webhookUrl}", answers: flow v1 }\nundo: { do: n8n.deactivate, with: { workflow: "ig-dm-v1-{org}" } }`,
    ) +
    step('stage', `do crm.stageBack\n${org}\nundo: { do: crm.stageNext, ${org} }`) +
    step('desk', `do chatwoot.automationsOff\nwith: { org: "{org}", keep: inbox }\nundo: { do: chatwoot.automationsOn, ${org} }`);
  const CHECK = step(
    'answers',
    `verify\nall:\n  - { probe: n8n.workflow, with: { name: "ig-dm-v1-{org}" }, expect: found && active && !archived }\n  - { probe: chatwoot, with: { org: "{org}" }, expect: bot == "" && rulesOn == 0 && rulesOff == 1 }`,
  );
  const front = 'inputs:\n  org: { type: org, required: true }\n';

  test('goes back to the stable workflow, its stages too, with the desk receiving and nothing automatic, for this organization alone [S4-ST-04, S4-VE-01, S4-SY-03]', async () => {
    const { n8n, desk, crm, yaml } = await worldOf();
    const withUrl = yaml.replace('  acme: {}', `  acme: { webhookUrl: "${n8n.url}/webhook/ig-acme?ping=1" }`);
    const one = await playFolder({ acts: true, yaml: withUrl, front, steps: STEPS + CHECK, env: { KEY } });
    const plan = await one.commands.plan({ runbook: 'look', inputs: { org: 'acme' } });
    expect(plan.unknowns).toEqual([]);
    expect(plan.steps.map(({ current, desired, notes }) => [current, desired, notes]).slice(0, 5)).toEqual([
      ['open', 'frozen', ['unguarded']],
      ['active', 'inactive', ['unguarded']],
      ['inactive', 'active', ['unguarded']],
      ['v2', 'v1', ['unguarded']],
      ['bot: Julia, welcome acme: on', 'bot: none, welcome acme: off', ['unguarded']],
    ]);
    desk.write('IG acme', 'maria', 'oi');
    await one.run({ org: 'acme' });
    const done = ['freeze', 'v2-off', 'fallback-on', 'stage', 'desk', 'answers'].map((id) => [id, 'done']);
    expect(
      await statusOf(
        one,
        done.map(([id]) => id ?? ''),
      ),
    ).toEqual(done);
    desk.write('IG acme', 'joão', 'bom dia');
    desk.write('IG globex', 'ana', 'oi');
    expect(desk.messages.map((message) => [message.inbox, message.by.includes('Julia')])).toEqual([
      [1, true],
      [1, false],
      [2, true],
    ]);
    expect([...n8n.routes.values()].map((id) => n8n.workflows.find((flow) => flow.id === id)?.name)).toEqual([
      'ig-dm-v2-globex',
      'ig-dm-v1-acme',
    ]);
    await nothingLeaks(one);
    expect([n8n.refused, desk.refused, crm.refused]).toEqual([[], [], []]);
  });

  test('of its CRM: the stage engine is frozen and put back over HTTP, once, with a key of its own; a lie is not believed [S4-SY-05, S4-SY-04]', async () => {
    const { n8n, crm, yaml } = await worldOf();
    const withUrl = yaml.replace('  acme: {}', `  acme: { webhookUrl: "${n8n.url}/webhook/ig-acme?ping=1" }`);
    const one = await playFolder({ acts: true, yaml: withUrl, front, steps: STEPS, env: { KEY } });
    await one.run({ org: 'acme' });
    expect(crm.stages.get('acme')).toMatchObject({ frozen: true, flow: 'v1' });
    expect(crm.stages.get('globex')).toEqual({ frozen: false, flow: 'v2', revision: 1 });
    expect(crm.ledger.map(({ org: who, body }) => [who, body])).toEqual([
      ['acme', { frozen: true }],
      ['acme', { flow: 'v1' }],
    ]);
    expect(new Set(crm.ledger.map((entry) => entry.key)).size).toBe(2);
    const second = await worldOf();
    second.crm.lies = true;
    const lied = await playFolder({
      acts: true,
      yaml: second.yaml,
      front,
      steps: step('freeze', `do crm.freeze\n${org}\nundo: { do: crm.unfreeze, ${org} }\ntimeout: 3s`),
      env: { KEY },
    });
    await lied.run({ org: 'acme' });
    expect(await lied.ended('freeze')).toMatchObject({ status: 'failed', detail: { effect: 'none', code: 'BELAY_DEPLOY_TIMEOUT' } });
    await nothingLeaks(lied);
  });
});

describe('WhatsApp', () => {
  const yamlOf = (evolution: string, zapi = evolution): string => `${BELAY_YAML}${NETWORK}integrations:
  whatsapp: { driver: evolution, url: "${evolution}", key: "{env.KEY}" }
  backup: { driver: z-api, url: "${zapi}", instance: "{env.Z_KEY}", token: "{env.Z_TOKEN}", clientToken: "{env.Z_CLIENT_TOKEN}" }
`;
  const env = { KEY, Z_KEY: Z.instance, Z_TOKEN: Z.token, Z_CLIENT_TOKEN: Z.clientToken };
  const instance = 'with: { instance: Revoluna }';
  const webhook = `do evolution.setWebhook\nwith: { instance: Revoluna, url: "${HOOK}", byEvents: false, events: [messages.upsert] }\nirreversible: setting it again is the way back`;
  const isOpen = (id: string): string => step(id, `verify\nall: [{ probe: evolution, ${instance}, expect: state == "open" }]\ntimeout: 1m`);
  const scanned = (id: string): string =>
    step(`${id}-code`, `collect\nfrom: [{ probe: evolution, with: { instance: Revoluna, qr: true }, evidence: ${id} }]`) +
    `### ${id}-scan {#${id}-scan}\n- [ ] The phone has scanned the code\n\n\`\`\`belay manual\nevidence: [${id}]\n\`\`\`\n\n`;
  const scan = async (one: FolderPlay, id: string, hands: () => void): Promise<void> => {
    const { tasks } = await one.incident();
    expect(Object.keys(tasks)).toEqual([`${id}-scan`]);
    expect(await one.kept(id)).toMatchObject({ values: { qr: `data:image/png;base64,${PNG}`, pairingCode: expect.any(String) } });
    // The page shows the person what to scan.
    const { view } = await snapshot(one.world, 'INC-1', ANA);
    expect(view.tasks[0]?.images).toEqual([{ evidence: id, src: `data:image/png;base64,${PNG}` }]);
    const page = tasksPanel({ w: WORDS['pt-BR'], csrf: '', path: '/', key: () => 'k' } as never, view).text;
    expect(page).toContain(`<img class="to-scan" src="data:image/png;base64,${PNG}" alt="${id}">`);
    hands();
    await one.commands.answer(ANA, { incident: 'INC-1', step: `${id}-scan`, ticks: ['The phone has scanned the code'], key: `t-${id}` });
    await one.until((incident) => Object.keys(incident.tasks).length === 0, 120_000);
  };

  test('that is cut off shows its state, and must be open again once a person has scanned the code that the page shows [S5-ST-53, S5-ST-54, S5-VE-15]', async () => {
    const server = await opened(startEvolution({ key: KEY }));
    server.instances.set('Revoluna', { state: 'close', webhook: null, codes: 0 });
    const state = step('state', `collect\nfrom: [{ probe: evolution, ${instance}, evidence: whatsapp-state }]`);
    const one = await playFolder({ acts: true, yaml: yamlOf(server.url), steps: state + scanned('whatsapp') + isOpen('open'), env });
    await one.run();
    expect(await one.kept('whatsapp-state')).toMatchObject({ values: { state: 'close', qr: '' } });
    await scan(one, 'whatsapp', () => server.scan('Revoluna'));
    await one.clock.advanceUntil(async () => (await one.ended('open')) !== null, 600_000);
    expect(await one.ended('open')).toMatchObject({ status: 'done' });
    await nothingLeaks(one);
  });

  test.each(['source', 'description'] as const)(
    'that hangs is restarted, and its webhook, which the restart forgot, is set again and read back (its %s) [S5-ST-59, S5-SY-04, S4-SY-02]',
    async (shape) => {
      const server = await opened(startEvolution({ key: KEY, shape }));
      server.instances.set('Revoluna', { state: 'connecting', webhook: null, codes: 1 });
      const restart = step('restart', `do evolution.restart\n${instance}\nirreversible: a restart is over when it is over`);
      const one = await playFolder({
        acts: true,
        yaml: yamlOf(server.url),
        steps: restart + step('webhook', webhook) + isOpen('open'),
        env,
      });
      await one.run();
      expect(await statusOf(one, ['restart', 'webhook', 'open'])).toEqual([
        ['restart', 'done'],
        ['webhook', 'done'],
        ['open', 'done'],
      ]);
      expect(server.instances.get('Revoluna')?.webhook).toMatchObject({
        enabled: true,
        url: HOOK,
        events: ['MESSAGES_UPSERT'],
        webhookByEvents: false,
      });
      expect(server.ledger).toEqual(['restart Revoluna', 'webhook Revoluna']);
    },
  );

  test('shows the code of a new pairing as an image in the manual step of whoever scans it [S5-ST-55, S5-ST-62]', async () => {
    const server = await opened(startEvolution({ key: KEY }));
    server.instances.set('Revoluna', { state: 'connecting', webhook: null, codes: 0 });
    const one = await playFolder({ acts: true, yaml: yamlOf(server.url), steps: scanned('whatsapp'), env });
    await one.run();
    await scan(one, 'whatsapp', () => server.scan('Revoluna'));
    expect(await one.ended('whatsapp-scan')).toMatchObject({ status: 'done', detail: { by: 'ana' } });
    expect(server.instances.get('Revoluna')).toMatchObject({ state: 'open', codes: 1 });
  });

  test('that is lost is removed, its name confirmed, made anew, scanned, and given its webhook [S5-ST-60, S5-ST-61, S5-ST-63]', async () => {
    const server = await opened(startEvolution({ key: KEY }));
    server.instances.set('Revoluna', { state: 'close', webhook: null, codes: 0 });
    const steps =
      step('gone', `do evolution.delete\nwith: { instance: Revoluna, confirm: Revoluna }\nirreversible: the session of the phone is gone`) +
      step('new', `do evolution.create\nwith: { instance: Revoluna, qrcode: true }\nirreversible: an empty instance is harmless`) +
      scanned('pairing') +
      step('webhook', webhook) +
      isOpen('open');
    const one = await playFolder({ acts: true, yaml: yamlOf(server.url), steps, env });
    await one.run();
    expect(server.ledger).toEqual(['delete Revoluna', 'create Revoluna']);
    await scan(one, 'pairing', () => server.scan('Revoluna'));
    await one.clock.advanceUntil(async () => (await one.ended('open')) !== null, 600_000);
    expect(await statusOf(one, ['gone', 'new', 'pairing-scan', 'webhook', 'open'])).toEqual(
      ['gone', 'new', 'pairing-scan', 'webhook', 'open'].map((id) => [id, 'done']),
    );
    expect(server.instances.get('Revoluna')).toMatchObject({ state: 'open', webhook: { url: HOOK } });
  });

  test('of a CRM is looked at through both of its ways, and the callbacks of Z-API are set and read back [S1-SY-07, S1-SY-08]', async () => {
    const server = await opened(startEvolution({ key: KEY }));
    const zapi = await opened(startZApi(Z));
    server.instances.set('Revoluna', { state: 'open', webhook: null, codes: 0 });
    const steps =
      step(
        'callback',
        `do z-api.setWebhook\nwith: { on: disconnected, url: "https://crm.example/z" }\nirreversible: setting it again is the way back`,
      ) +
      step(
        'both',
        `verify\nall:\n  - { probe: z-api, with: {}, expect: connected && phone }\n  - { probe: evolution, ${instance}, expect: state == "open" }`,
      );
    const one = await playFolder({ acts: true, yaml: yamlOf(server.url, zapi.url), steps, env });
    await one.run();
    expect(await statusOf(one, ['callback', 'both'])).toEqual([
      ['callback', 'done'],
      ['both', 'done'],
    ]);
    expect(zapi.account['disconnectedCallbackUrl']).toBe('https://crm.example/z');
    await nothingLeaks(one);
  });
});
