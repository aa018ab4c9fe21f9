// Checklists that people and Belay share: three real conversations with evidence of each, an endpoint without 5xx, and words of the team.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import { START } from '../world/scenes/deploy.ts';
import { BELAY_YAML, playFolder } from '../world/scenes/folder.ts';
import { startVendor } from '../world/vendors/vendor-server.ts';

const YAML = `${BELAY_YAML.replace('roles: [commander]', 'roles: [commander, crm-ops, communication]').replace('people:\n', 'people:\n  bia: { name: Bia, roles: [crm-ops] }\n  caio: { name: Caio, roles: [communication] }\n')}`;
const ROLES = 'roles:\n  commander: { is: commander }\n  crm-ops: { is: crm-ops }\n  communication: { is: communication }\n';
const BIA = { person: 'bia', roles: ['crm-ops'] };
const CAIO = { person: 'caio', roles: ['communication'] };
const ANA = { person: 'ana', roles: ['commander'] };

describe('manual attendance', () => {
  const steps =
    '### Three conversations {#three}\n```belay manual\nwho: crm-ops\ncount: 3\nanswers: { conversation: { type: url }, answered: { type: bool } }\n```\n';

  test('is validated in three real conversations: each with its address, two are not enough, and one person may not do it for another role [S4-VE-02]', async () => {
    const one = await playFolder({ yaml: YAML, front: ROLES, steps });
    await one.run();
    const answer = (n: number, answered = true, caller = BIA) =>
      one.commands.answer(caller, {
        incident: 'INC-1',
        step: 'three',
        answers: { conversation: `https://crm.example/c/${n}`, answered } as JsonObject,
        key: `c${n}`,
      });
    await expect(answer(1, true, CAIO)).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
    await answer(1);
    await answer(2);
    await one.clock.advance(60_000);
    expect(await one.ended('three')).toBeNull();
    await answer(3);
    await one.until((incident) => incident.phase === 'resolved');
    expect((await one.all('checklist.answered')).map((event) => event.answers['conversation'])).toEqual(
      [1, 2, 3].map((n) => `https://crm.example/c/${n}`),
    );
  });
});

describe('the technical and the functional checklist', () => {
  test('passes when the webhook answers without 5xx, attendants say that they answer, and a critical stage moves, back on the stable flow [S4-VE-03, S4-VE-07, S4-VE-08]', async () => {
    let status = 503;
    let stage = 'none';
    const webhook = await startVendor(({ path: asked, body }) => {
      if (asked === '/stage' && body !== '') stage = (JSON.parse(body) as { to: string }).to;
      return { status, json: { stage } };
    });
    onTestFinished(webhook.close);
    const steps = [
      `### Webhook without 5xx {#webhook}\n\`\`\`belay verify\nall: [{ probe: http, with: { url: "${webhook.url}/webhook", times: 5 }, expect: ok == tried }]\nevery: 10s\ntimeout: 2m\n\`\`\``,
      '### Attendants {#attendants}\n```belay manual\nwho: crm-ops\n```\n- [ ] Attendants answer normally',
      '### Stage {#stage}\n```belay verify\nall:\n  - { probe: flow, with: { switch: stage, org: acme }, expect: \'value == "stable"\' }\n  - { probe: synthetic, with: { synthetic: move }, expect: ok }\nevery: 10s\ntimeout: 2m\n```',
    ].join('\n\n');
    const yaml =
      `${YAML}switches:\n  stage: { driver: flow-file, file: flows.json, values: [next, stable] }\nsynthetics:\n  move:\n    steps:\n` +
      `      - { name: move, post: "${webhook.url}/stage", json: { to: "critical {run}" }, expect: status == 200 }\n` +
      `      - { name: moved, get: "${webhook.url}/stage", expect: 'json.stage.startsWith("critical belay-")' }\n`;
    const one = await playFolder({ yaml, front: ROLES, steps, files: { 'flows.json': '{ "acme": "next" }' } });
    void one.clock.sleep(65_000).then(() => writeFileSync(path.join(one.folder, 'flows.json'), '{ "acme": "stable" }'));
    void one.clock.sleep(35_000).then(() => {
      status = 200;
    });
    const began = one.clock.now();
    await one.run();
    expect(await one.ended('webhook')).toMatchObject({ status: 'done' });
    expect(one.clock.now() - began).toBeGreaterThanOrEqual(35_000);
    expect((await one.incident()).tasks).toMatchObject({ attendants: {} });
    await one.commands.answer(BIA, { incident: 'INC-1', step: 'attendants', ticks: ['Attendants answer normally'], key: 'a' });
    await one.until((incident) => incident.phase === 'resolved');
    expect(await one.ended('stage')).toMatchObject({ status: 'done' });
    expect(one.clock.now() - began).toBeGreaterThanOrEqual(65_000);
    expect(stage).toMatch(/^critical belay-/);
  });

  test('the client is aware of the contingency and of its ETA: Communication says when, and nobody else [S4-VE-09]', async () => {
    const steps =
      '### The client knows {#client}\n```belay manual\nwho: communication\nanswers: { toldAt: { type: time }, eta: { type: time } }\n```\n- [ ] The client knows the contingency\n- [ ] The client knows the ETA';
    const one = await playFolder({ yaml: YAML, front: ROLES, steps });
    await one.run();
    const both = ['The client knows the contingency', 'The client knows the ETA'];
    const answers = { toldAt: START + 300_000, eta: START + 7_200_000 };
    const say = (caller: typeof ANA, ticks: readonly string[], key: string, more: object = {}) =>
      one.commands.answer(caller, { incident: 'INC-1', step: 'client', ticks, key, ...more });
    await expect(say(BIA, both, 'b')).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
    await say(CAIO, both.slice(0, 1), 'c1');
    await one.clock.advance(60_000);
    expect(await one.ended('client')).toBeNull();
    await say(CAIO, both.slice(1), 'c2', { answers });
    await one.until((incident) => incident.phase === 'resolved');
    expect((await one.all('checklist.ticked')).map((event) => [event.item, event.by])).toEqual(both.map((item) => [item, 'caio']));
  });
});
